//! `POST /v1/webhooks`: registers an endpoint.

use domain::audit::Action;
use domain::endpoint::{Endpoint, SigningSecret};
use domain::ids::{EndpointId, Scope};
use domain::signature::Secret;
use domain::subscription::MAX_ENDPOINTS;
use domain::time::Timestamp;
use lambda_http::http::StatusCode;
use store::keys::{self, Key};
use store::{Creation, Remembered, What};

use super::webhook_fields;
use super::webhook_view::WebhookView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

pub(crate) use super::webhook_fields::FIELDS;

/// The endpoint that a replay would find.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    let id = id(request, scope);
    id.map(|id| vec![keys::endpoint(scope, id), Remembered::endpoint_key(scope, id)]).unwrap_or_default()
}

/// The endpoint that a request is, by its key.
fn id(request: &Request, scope: &Scope) -> Option<EndpointId> {
    idempotency::given(request).map(|key| EndpointId::for_key(scope, &key))
}

/// Registers an endpoint. It gets the events that happen from now on.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    if let Some(answer) = replayed(&authorized)? {
        return Ok(answer);
    }
    let Authorized { app, caller, request, .. } = authorized;
    let table = &app.store.table;
    caller.must_have_left(0, table.now())?;
    let mut fields = Fields::open(request, &FIELDS)?;
    if !fields.has("url") {
        fields.refuse("url", "is required: where events go, such as https://example.com/hooks");
    }
    if !fields.has("events") {
        fields.refuse("events", "is required: a list of event types, such as [\"call.ended\"]");
    }
    let events = webhook_fields::events(&mut fields);
    let enabled = webhook_fields::is_active(&mut fields).unwrap_or(true);
    idempotency::check(request, &mut fields);
    let url = webhook_fields::url(app, &mut fields).await;
    fields.finish()?;
    let Some((url, events)) = url.zip(events) else { return Err(ApiError::field("url", "must be a string")) };
    let now = table.now();
    let endpoint = Endpoint {
        id: match id(request, &caller.scope) {
            Some(id) => id,
            None => EndpointId::random(table.entropy().bytes()?),
        },
        fingerprint: request.fingerprint().into(),
        url,
        events,
        secrets: vec![SigningSecret::new(Secret::new(table.entropy().bytes()?).reveal())],
        enabled,
        disabled_reason: None,
        created_at: now,
        updated_at: now,
    };
    caller.must_not_be_suspended()?;
    let audit = caller.did(Action::WebhookCreated, endpoint.id, Vec::new(), now);
    match table.create_endpoint(&caller.scope, &endpoint, &audit).await? {
        Creation::Fresh => {
            let view = WebhookView::with_secret(endpoint, caller.scope.mode, now);
            Ok(Response::data(StatusCode::CREATED, request, view)?)
        }
        Creation::Existing(known) => replay(request, &caller.scope, *known, now),
        Creation::Deleted(known) => deleted(request, &known),
        Creation::TooMany => {
            let message = format!("the organization has {MAX_ENDPOINTS} webhook endpoints; delete one first");
            Err(ApiError::Conflict(message))
        }
    }
}

/// The answer to a request that was sent before. It is given before anything is judged, the address above all: a host that resolves
/// elsewhere by now makes no other request of it.
fn replayed(authorized: &Authorized<'_>) -> Result<Option<Response>, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let scope = &caller.scope;
    let Some(id) = id(request, scope) else { return Ok(None) };
    if let Some(known) = items.read("endpoint", &keys::endpoint(scope, id))? {
        return replay(request, scope, known, app.store.table.now()).map(Some);
    }
    let made: Option<What> = items.read("idempotency key", &Remembered::endpoint_key(scope, id))?;
    made.map(|made| deleted(request, &made)).transpose()
}

fn replay(request: &Request, scope: &Scope, known: Endpoint, now: Timestamp) -> Result<Response, ApiError> {
    idempotency::same_request(request, &known.fingerprint)?;
    Ok(Response::data(StatusCode::CREATED, request, WebhookView::with_secret(known, scope.mode, now))?.replayed())
}

fn deleted(request: &Request, made: &What) -> Result<Response, ApiError> {
    idempotency::same_request(request, &made.fingerprint)?;
    Err(idempotency::gone("webhook", &made.target))
}
