//! `POST /v1/contacts`: creates a contact.

use domain::contact::Details;
use domain::ids::{Operation, Scope};
use domain::key::Permission;
use domain::phone::PhoneNumber;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::keys::{self, Key};
use store::{ContactCreation, ContactRequest, Table};

use crate::api::contacts::view::{ContactView, detail};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "create-contact",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/contacts", Permission::CanManageContacts, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 4] = ["phoneNumber", "firstName", "lastName", "email"];

/// Contact to create.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct CreateContactRequest {
    /// Phone number of the contact, in E.164. Each number has at most one contact.
    phone_number: PhoneNumber,
    /// First name of the contact.
    #[cfg_attr(feature = "openapi", schema(max_length = 255, example = "Ada"))]
    first_name: Option<String>,
    /// Last name of the contact.
    #[cfg_attr(feature = "openapi", schema(max_length = 255, example = "Lovelace"))]
    last_name: Option<String>,
    /// Email address of the contact.
    #[cfg_attr(feature = "openapi", schema(max_length = 255, example = "ada@example.com"))]
    email: Option<String>,
}

/// Returns the key of the record of an earlier request with the same idempotency key.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    made_by(request, scope).map(|digest| keys::contact_request(scope, &digest)).into_iter().collect()
}

/// Returns the digest of the request's idempotency key, if there is one.
fn made_by(request: &Request, scope: &Scope) -> Option<String> {
    idempotency::given(request).map(|key| Operation::CreateContact.key_digest(scope, &key))
}

/// Creates a contact, unless the number already has one.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let digest = made_by(request, &caller.scope);
    if let Some(seen) = digest.as_ref().map(|digest| keys::contact_request(&caller.scope, digest))
        && let Some(made_by) = items.read("request", &seen)?
    {
        return replay(&app.store.table, request, &caller.scope, made_by).await;
    }
    caller.check_rate_limit(0, app.now())?;
    let CreateContactRequest { phone_number, first_name, last_name, email } = CreateContactRequest::parse(request)?;
    let details = Details { first_name, last_name, email };
    let scope = &caller.scope;
    let table = &app.store.table;
    let contact = Table::new_contact(scope, &phone_number, details, table.now());
    let print = request.fingerprint();
    let made_by = digest.as_deref().map(|digest| (digest, print.as_str()));
    match table.create_contact(scope, contact, made_by).await? {
        ContactCreation::Fresh(contact) => {
            let view = ContactView::new(*contact, scope.mode);
            Ok(Response::data(StatusCode::CREATED, request, view)?)
        }
        ContactCreation::Existing(known) => {
            Err(ApiError::Conflict(format!("there is a contact of this number: {}", known.id)))
        }
        ContactCreation::Replay(made_by) => replay(table, request, scope, made_by).await,
    }
}

impl CreateContactRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        let phone_number = fields.required_phone_number("phoneNumber");
        let first_name = detail(&mut fields, "firstName");
        let last_name = detail(&mut fields, "lastName");
        let email = detail(&mut fields, "email");
        idempotency::check(request, &mut fields);
        fields.finish()?;
        let Some(phone_number) = phone_number else { return Err(ApiError::field("phoneNumber", "must be a string")) };
        Ok(Self { phone_number, first_name, last_name, email })
    }
}

async fn replay(
    table: &Table,
    request: &Request,
    scope: &Scope,
    made_by: ContactRequest,
) -> Result<Response, ApiError> {
    idempotency::same_request(request, &made_by.fingerprint)?;
    let id = made_by.contact;
    let items = table.read([keys::contact(scope, id)]).await?;
    let (contact, _) = Table::contact_of(scope, &items, id)?.ok_or_else(|| idempotency::gone("contact", id))?;
    Ok(Response::data(StatusCode::CREATED, request, ContactView::new(contact, scope.mode))?.replayed())
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::CreateContactRequest;
    use crate::api::contacts::view::ContactView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, with_body};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let contact = schema::envelope(schema::of::<ContactView>());
        let created = answers::replayable(None, "The contact is made.", contact);
        let own = vec![
            invalid(&[("phoneNumber", "is required: a phone number in E.164 format, such as +15555550123")]),
            ApiError::Conflict("there is a contact of this number: 2c4a1e72-0000-8000-8000-000000000000".to_owned()),
            conflict(),
            ApiError::KeyReused,
        ];
        let description = "There is one contact for each number, in each mode. With an `Idempotency-Key`, a replay shows the \
                       contact as it is now.";
        operation("contacts", "Make a contact", description)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<CreateContactRequest>(), Required::True))
            .response("201", created)
            .schema::<CreateContactRequest>(schema::as_it_is)
            .schema::<ContactView>(schema::always_there)
            .refused(with_body(own))
    }

    fn request() -> Value {
        json!({
            "phoneNumber": "+15555550123", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"
        })
    }
}
