//! `PATCH /v1/contacts/{id}`: changes a contact.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::contacts::get_contact::contact;
use crate::api::contacts::view::{ContactView, details};
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-contact",
    trigger: Trigger::Http(Route::with_key(
        "PATCH",
        "/v1/contacts/{id}",
        Permission::CanManageContacts,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// What a request may say.
pub(crate) const FIELDS: [&str; 3] = ["firstName", "lastName", "email"];

/// Changes what is named, to null where it is null. The number cannot be changed: another number is another contact.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let mut fields = Fields::open(request, &FIELDS)?;
    let new = details(&mut fields);
    let named = FIELDS.map(|name| fields.mentions(name));
    fields.finish()?;
    let change = |old: &domain::contact::Details| {
        let [first_name, last_name, email] = named;
        let mut details = old.clone();
        if first_name {
            details.first_name.clone_from(&new.first_name);
        }
        if last_name {
            details.last_name.clone_from(&new.last_name);
        }
        if email {
            details.email.clone_from(&new.email);
        }
        details
    };
    let changed = app.store.table.change_contact(&caller.scope, contact(request)?, change).await?;
    let contact = changed.ok_or(ApiError::NotFound("contact"))?;
    Ok(Response::data(StatusCode::OK, request, ContactView::new(contact, caller.scope.mode))?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde::Deserialize;
    use serde_json::{Value, json};
    use utoipa::ToSchema;
    use utoipa::openapi::Required;

    use crate::api::contacts::view::ContactView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, with_body};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let contact = schema::envelope(schema::of::<ContactView>());
        let own = vec![
            invalid(&[("phoneNumber", "is not a known field; known are firstName, lastName, email")]),
            ApiError::NotFound("contact"),
            conflict(),
        ];
        let description = "What is left out stays, what is null is emptied. The number cannot be changed: another number is \
                       another contact.";
        operation("contacts", "Change a contact", description)
            .parameter(parameters::contact_id())
            .request_body(body(request(), schema::of::<UpdateContactRequest>(), Required::True))
            .response("200", answers::json(None, "The contact, changed.", contact))
            .schema::<UpdateContactRequest>(schema::as_it_is)
            .refused(with_body(own))
    }

    fn request() -> Value {
        json!({"lastName": "King"})
    }

    /// What is to be changed about a contact. What is left out stays; what is null is emptied.
    #[derive(Deserialize, ToSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[schema(as = UpdateContactRequest)]
    #[expect(dead_code, reason = "describes the fields that `api::update_contact` reads one by one")]
    pub(super) struct UpdateContactRequest {
        /// Its first name.
        #[schema(max_length = 255)]
        first_name: Option<String>,
        /// Its last name.
        #[schema(max_length = 255, example = "King")]
        last_name: Option<String>,
        /// Its email address.
        #[schema(max_length = 255)]
        email: Option<String>,
    }
}
