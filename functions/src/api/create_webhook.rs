//! `POST /v1/webhooks`: registers an endpoint.

use domain::audit::Action;
use domain::endpoint::{Endpoint, SigningSecret};
use domain::fingerprint::fingerprint;
use domain::ids::{EndpointId, Scope};
use domain::organization::MAX_ENDPOINTS;
use domain::signature::Secret;
use lambda_http::http::StatusCode;
use store::Creation;
use store::keys::{self, Key};

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
    match idempotency::key(request) {
        idempotency::Key::Given(key) => vec![keys::endpoint(scope, EndpointId::for_key(scope, &key))],
        idempotency::Key::Missing | idempotency::Key::Malformed => Vec::new(),
    }
}

/// Registers an endpoint. It gets the events that happen from now on.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let mut fields = Fields::open(request, &FIELDS)?;
    if !fields.has("url") {
        fields.refuse("url", "is required: where events go, such as https://example.com/hooks");
    }
    if !fields.has("events") {
        fields.refuse("events", "is required: a list of event types, such as [\"call.ended\"]");
    }
    let events = webhook_fields::events(&mut fields);
    let enabled = webhook_fields::is_active(&mut fields).unwrap_or(true);
    let key = idempotency::key(request);
    if key == idempotency::Key::Malformed {
        fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
    }
    let url = webhook_fields::url(app, &mut fields).await;
    fields.finish()?;
    let Some((url, events)) = url.zip(events) else { return Err(ApiError::field("url", "must be a string")) };
    let table = &app.store.table;
    let now = table.now();
    let endpoint = Endpoint {
        id: match key {
            idempotency::Key::Given(key) => EndpointId::for_key(&caller.scope, &key),
            idempotency::Key::Missing | idempotency::Key::Malformed => EndpointId::random(table.entropy().bytes()?),
        },
        fingerprint: request.json().map(fingerprint).unwrap_or_default(),
        url,
        events,
        secrets: vec![SigningSecret::new(Secret::new(table.entropy().bytes()?).reveal())],
        enabled,
        disabled_reason: None,
        created_at: now,
        updated_at: now,
    };
    let known: Option<Endpoint> = items.read("endpoint", &keys::endpoint(&caller.scope, endpoint.id))?;
    if let Some(known) = known {
        return replay(request, &caller.scope, &endpoint, known);
    }
    caller.must_have_left(0, now)?;
    caller.must_not_be_suspended()?;
    let audit = caller.did(Action::WebhookCreated, endpoint.id, Vec::new(), now);
    match table.create_endpoint(&caller.scope, &endpoint, &audit).await? {
        Creation::Fresh => {
            let view = WebhookView::with_secret(endpoint, caller.scope.mode, now);
            Ok(Response::data(StatusCode::CREATED, request, view)?)
        }
        Creation::Existing(known) => replay(request, &caller.scope, &endpoint, *known),
        Creation::TooMany => {
            let message = format!("the organization has {MAX_ENDPOINTS} webhook endpoints; delete one first");
            Err(ApiError::Conflict(message))
        }
    }
}

fn replay(request: &Request, scope: &Scope, asked: &Endpoint, known: Endpoint) -> Result<Response, ApiError> {
    if known.fingerprint != asked.fingerprint {
        return Err(ApiError::KeyReused);
    }
    Ok(Response::data(StatusCode::CREATED, request, WebhookView::with_secret(known, scope.mode, asked.created_at))?
        .replayed())
}
