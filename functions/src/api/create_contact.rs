//! `POST /v1/contacts`: makes a contact.

use domain::fingerprint::fingerprint;
use domain::ids::{ContactId, Operation, Scope};
use lambda_http::http::StatusCode;
use store::keys::{self, Key};
use store::{ContactCreation, Table};

use super::contact_view::{ContactView, details};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say.
pub(crate) const FIELDS: [&str; 4] = ["phoneNumber", "firstName", "lastName", "email"];

/// What a replay would find.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    made_by(request, scope).map(|digest| keys::contact_request(scope, &digest)).into_iter().collect()
}

/// The digest of a request's idempotency key, if it brings one.
fn made_by(request: &Request, scope: &Scope) -> Option<String> {
    match idempotency::key(request) {
        idempotency::Key::Given(key) => Some(Operation::CreateContact.key_digest(scope, &key)),
        idempotency::Key::Missing | idempotency::Key::Malformed => None,
    }
}

/// Makes a contact, unless there is one of its number.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let digest = made_by(request, &caller.scope);
    let seen = digest.as_ref().map(|digest| keys::contact_request(&caller.scope, digest));
    if seen.is_none_or(|seen| items.get(&seen).is_none()) {
        caller.must_have_left(0, app.store.table.now())?;
    }
    let mut fields = Fields::open(request, &FIELDS)?;
    let number = fields.required_phone_number("phoneNumber");
    let details = details(&mut fields);
    idempotency::check(request, &mut fields);
    fields.finish()?;
    let Some(number) = number else { return Err(ApiError::field("phoneNumber", "must be a string")) };
    let scope = &caller.scope;
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
