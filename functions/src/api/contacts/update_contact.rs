//! `PATCH /v1/contacts/{id}`: changes a contact.

use domain::contact::Details;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::contacts::get_contact::contact;
use crate::api::contacts::view::{ContactView, detail};
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::fields::{Change, Fields};
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-contact",
    trigger: Trigger::Http(
        Route::with_key("PATCH", "/v1/contacts/{id}", Permission::CanManageContacts, no_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 3] = ["firstName", "lastName", "email"];

/// Changes to a contact. A missing field keeps its value, and `null` removes it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct UpdateContactRequest {
    /// First name of the contact.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 255))]
    first_name: Change<String>,
    /// Last name of the contact.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 255, example = "King"))]
    last_name: Change<String>,
    /// Email address of the contact.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 255))]
    email: Change<String>,
}

/// Changes the fields in the request. `null` removes a value. The phone number cannot be changed, because it identifies the contact.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let asked = UpdateContactRequest::parse(request)?;
    let id = contact(request)?;
    let changed = app.store.table.change_contact(&caller.scope, id, |details| asked.applied_to(details)).await?;
    let contact = changed.ok_or(ApiError::NotFound("contact"))?;
    Ok(Response::data(StatusCode::OK, request, ContactView::new(contact, caller.scope.mode))?)
}

impl UpdateContactRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        let asked = Self {
            first_name: fields.change("firstName", detail),
            last_name: fields.change("lastName", detail),
            email: fields.change("email", detail),
        };
        fields.finish()?;
        Ok(asked)
    }

    /// Returns the contact's details after the change.
    fn applied_to(&self, details: &Details) -> Details {
        let mut changed = details.clone();
        self.first_name.apply(&mut changed.first_name);
        self.last_name.apply(&mut changed.last_name);
        self.email.apply(&mut changed.email);
        changed
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::UpdateContactRequest;
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
}
