//! `POST /v1/contacts`: makes a contact.

use domain::fingerprint::fingerprint;
use domain::ids::{ContactId, Operation, Scope};
use lambda_http::http::StatusCode;
use store::{ContactCreation, Table, keys};

use super::contact_view::{ContactView, details};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say.
pub(crate) const FIELDS: [&str; 4] = ["phoneNumber", "firstName", "lastName", "email"];

pub(crate) use super::no_reads as reads;

/// Makes a contact, unless there is one of its number.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let mut fields = Fields::open(request, &FIELDS)?;
    let number = fields.required_phone_number("phoneNumber");
    let details = details(&mut fields);
    let key = idempotency::key(request);
    if key == idempotency::Key::Malformed {
        fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
    }
    fields.finish()?;
    let Some(number) = number else { return Err(ApiError::field("phoneNumber", "must be a string")) };
    let scope = &caller.scope;
    let digest = match key {
        idempotency::Key::Given(key) => Some(Operation::CreateContact.key_digest(scope, &key)),
        idempotency::Key::Missing | idempotency::Key::Malformed => None,
    };
    let table = &app.store.table;
    let contact = Table::new_contact(scope, &number, details, table.now());
    let print = request.json().map(fingerprint).unwrap_or_default();
    let made_by = digest.as_deref().map(|digest| (digest, print.as_str()));
    match table.create_contact(scope, contact, made_by).await? {
        ContactCreation::Fresh(contact) => {
            let view = ContactView::new(*contact, scope.mode);
            Ok(Response::data(StatusCode::CREATED, request, view)?)
        }
        ContactCreation::Existing(known) => {
            Err(ApiError::Conflict(format!("there is a contact of this number: {}", known.id)))
        }
        ContactCreation::Replay(known, id) if known == print => replay(table, request, scope, id).await,
        ContactCreation::Replay(..) => Err(ApiError::KeyReused),
    }
}

async fn replay(table: &Table, request: &Request, scope: &Scope, id: ContactId) -> Result<Response, ApiError> {
    let items = table.read([keys::contact(scope, id)]).await?;
    let (contact, _) = Table::contact_of(scope, &items, id)?.ok_or(ApiError::NotFound("contact"))?;
    Ok(Response::data(StatusCode::CREATED, request, ContactView::new(contact, scope.mode))?.replayed())
}
