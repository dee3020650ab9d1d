//! `POST /v1/webhooks`: registers an endpoint.

use domain::fingerprint::fingerprint;
use domain::ids::{EndpointId, Scope};
use domain::log::EventType;
use domain::organization::MAX_ENDPOINTS;
use domain::signature::Secret;
use lambda_http::http::StatusCode;
use store::keys::{self, Key};
use store::{Creation, Endpoint};

use super::webhook_view::WebhookView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say.
pub(crate) const FIELDS: [&str; 4] = ["url", "events", "isActive", "is_active"];

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
    let url = fields.text("url");
    if !fields.has("url") {
        fields.refuse("url", "is required: where events go, such as https://example.com/hooks");
    }
    let events = events(&mut fields);
    let enabled = fields.boolean("isActive").or(fields.boolean("is_active")).unwrap_or(true);
    let key = idempotency::key(request);
    if key == idempotency::Key::Malformed {
        fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
    }
    let known = url.map(|url| app.egress.check_url(url));
    let checked = match known {
        Some(check) => check.await.map_err(|error| fields.refuse("url", error)).ok(),
        None => None,
    };
    fields.finish()?;
    let Some(url) = checked else { return Err(ApiError::field("url", "must be a string")) };
    let table = &app.store.table;
    let now = table.now();
    let endpoint = Endpoint {
        id: match key {
            idempotency::Key::Given(key) => EndpointId::for_key(&caller.scope, &key),
            idempotency::Key::Missing | idempotency::Key::Malformed => EndpointId::random(table.entropy().bytes()?),
        },
        fingerprint: request.json().map(fingerprint).unwrap_or_default(),
        url: url.into(),
        events,
        secrets: vec![Secret::new(table.entropy().bytes()?).reveal()],
        enabled,
        disabled_reason: None,
        created_at: now,
        updated_at: now,
    };
    let known: Option<Endpoint> = items.read("endpoint", &keys::endpoint(&caller.scope, endpoint.id))?;
    if let Some(known) = known {
        return replay(request, &caller.scope, &endpoint, known);
    }
    caller.must_not_be_suspended()?;
    match table.create_endpoint(&caller.scope, &endpoint).await? {
        Creation::Fresh => {
            let view = WebhookView::with_secret(endpoint, caller.scope.mode);
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
    Ok(Response::data(StatusCode::CREATED, request, WebhookView::with_secret(known, scope.mode))?.replayed())
}

fn events(fields: &mut Fields<'_>) -> Vec<String> {
    let Some(value) = fields.value("events") else {
        fields.refuse("events", "is required: a list of event types, such as [\"call.ended\"]");
        return Vec::new();
    };
    let Some(names) = value.as_array().filter(|names| !names.is_empty()) else {
        fields.refuse("events", "must be a list of at least one event type");
        return Vec::new();
    };
    let mut events = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.as_str().and_then(EventType::parse) {
            Some(event) if events.iter().all(|known| known != event.as_str()) => events.push(event.as_str().to_owned()),
            Some(_) => {}
            None => fields.refuse(format!("events[{index}]"), unknown_event()),
        }
    }
    events
}

fn unknown_event() -> String {
    let known: Vec<&str> = EventType::ALL.iter().map(|event| event.as_str()).collect();
    format!("is not an event type; known are {}", known.join(", "))
}
