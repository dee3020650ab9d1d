//! `GET /v1/contacts/{id}`: one contact.

use domain::ids::{ContactId, Scope};
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Table;
use store::keys::{self, Key};

use crate::api::contacts::view::ContactView;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-contact",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/contacts/{id}",
        Permission::CanManageContacts,
        keys_to_load,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns the key of the contact that the path names.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    contact(request).map(|id| keys::contact(scope, id)).into_iter().collect()
}

/// Returns the id of the contact that the path names.
pub(crate) fn contact(request: &Request) -> Result<ContactId, ApiError> {
    ContactId::parse(request.path("id")).ok_or(ApiError::NotFound("contact"))
}

/// Returns the contact that the path names.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { caller, request, items, .. } = authorized;
    let found = Table::contact_of(&caller.scope, &items, contact(request)?)?;
    let (contact, _) = found.ok_or(ApiError::NotFound("contact"))?;
    Ok(Response::data(StatusCode::OK, request, ContactView::new(contact, caller.scope.mode))?)
}

#[cfg(feature = "openapi")]
mod document {
    use crate::api::contacts::view::ContactView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_query, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let contact = schema::envelope(schema::of::<ContactView>());
        operation("contacts", "Get a contact", "A contact as it is now.")
            .parameter(parameters::contact_id())
            .response("200", answers::json(None, "The contact.", contact))
            .refused(vec![invalid_query(), ApiError::NotFound("contact")])
    }
}
