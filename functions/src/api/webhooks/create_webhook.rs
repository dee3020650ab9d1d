//! `POST /v1/webhooks`: registers a webhook endpoint.

use domain::audit::Action;
use domain::endpoint::{Endpoint, SigningSecret};
use domain::ids::{EndpointId, Scope};
use domain::key::Permission;
use domain::signature::Secret;
use domain::subscription::MAX_ENDPOINTS;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::keys::{self, Key};
use store::{Creation, IdempotencyEntry, IdempotencyRecord};

use crate::api::webhooks::fields::{self, FIELDS, SubscribedEvent};
use crate::api::webhooks::view::WebhookView;
use crate::app::App;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "create-webhook",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/webhooks", Permission::CanManageWebhooks, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS)
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Webhook endpoint to register.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct CreateWebhookRequest {
    /// URL that receives the events, at most 2,048 characters. It must use https, port 443 or a port from 1024, and a public address,
    /// without
    /// user or password. The address is checked now and again at each connection.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2048, example = "https://example.com/hooks"))]
    url: String,
    /// Event types that the endpoint receives. A type may be named twice, and `["*"]` stands for all types.
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    events: Vec<SubscribedEvent>,
    /// `true` if the endpoint receives events; the default is `true`.
    is_active: Option<bool>,
    /// Alias of `isActive`, which takes precedence if both are sent.
    #[cfg_attr(feature = "openapi", serde(rename = "is_active"))]
    is_active_for_pam: Option<bool>,
}

/// Returns the keys of the endpoint that an earlier request may have created, and of its idempotency record.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let id = id(request, scope);
    id.map(|id| vec![keys::endpoint(scope, id), IdempotencyRecord::endpoint_key(scope, id)]).unwrap_or_default()
}

/// Returns the id of the endpoint, derived from the idempotency key. Returns `None` without a key.
fn id(request: &Request, scope: &Scope) -> Option<EndpointId> {
    idempotency::given(request).map(|key| EndpointId::for_key(scope, &key))
}

/// Registers an endpoint. It receives the events from now on.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    if let Some(answer) = replayed(&authorized)? {
        return Ok(answer);
    }
    let Authorized { app, caller, request, .. } = authorized;
    let table = &app.store.table;
    caller.check_rate_limit(0, table.now())?;
    let asked = CreateWebhookRequest::parse(app, request).await?;
    let now = table.now();
    let endpoint = Endpoint {
        id: match id(request, &caller.scope) {
            Some(id) => id,
            None => EndpointId::random(table.entropy().bytes()?),
        },
        fingerprint: request.fingerprint().into(),
        events: fields::names(&asked.events),
        enabled: asked.is_active.or(asked.is_active_for_pam).unwrap_or(true),
        url: asked.url,
        secrets: vec![SigningSecret::new(Secret::new(table.entropy().bytes()?).reveal())],
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

impl CreateWebhookRequest {
    async fn parse(app: &App, request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        if !fields.has("url") {
            fields.refuse("url", "is required: where events go, such as https://example.com/hooks");
        }
        if !fields.has("events") {
            fields.refuse("events", "is required: a list of event types, such as [\"call.ended\"]");
        }
        let events = fields::events(&mut fields);
        let (is_active, is_active_for_pam) = (fields.boolean("isActive"), fields.boolean("is_active"));
        idempotency::check(request, &mut fields);
        let url = fields::url(app, &mut fields).await;
        fields.finish()?;
        let Some((url, events)) = url.zip(events) else { return Err(ApiError::field("url", "must be a string")) };
        Ok(Self { url, events, is_active, is_active_for_pam })
    }
}

/// Returns the response to a replayed request. The replay is answered before any validation, especially of the URL. Otherwise a host that
/// now resolves to another address could change the result of the same request.
fn replayed(authorized: &Authorized<'_>) -> Result<Option<Response>, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let scope = &caller.scope;
    let Some(id) = id(request, scope) else { return Ok(None) };
    if let Some(known) = items.read("endpoint", &keys::endpoint(scope, id))? {
        return replay(request, scope, known, app.now()).map(Some);
    }
    let made: Option<IdempotencyEntry> = items.read("idempotency key", &IdempotencyRecord::endpoint_key(scope, id))?;
    made.map(|made| deleted(request, &made)).transpose()
}

fn replay(request: &Request, scope: &Scope, known: Endpoint, now: Timestamp) -> Result<Response, ApiError> {
    idempotency::same_request(request, &known.fingerprint)?;
    Ok(Response::data(StatusCode::CREATED, request, WebhookView::with_secret(known, scope.mode, now))?.replayed())
}

fn deleted(request: &Request, made: &IdempotencyEntry) -> Result<Response, ApiError> {
    idempotency::same_request(request, &made.fingerprint)?;
    Err(idempotency::gone("webhook", &made.target))
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::CreateWebhookRequest;
    use crate::api::webhooks::fields::{SubscribedEvent, with_the_names};
    use crate::api::webhooks::view::WebhookView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "The endpoint is registered. `secret` signs its events, and is shown here only.";
        let created = answers::replayable(Some(answer()), description, schema::envelope(schema::of::<WebhookView>()));
        let own = vec![
            invalid(&[("url", "must begin with https://")]),
            ApiError::PermissionDenied("the organization is suspended".to_owned()),
            ApiError::Conflict("the organization has 20 webhook endpoints; delete one first".to_owned()),
            conflict(),
            ApiError::KeyReused,
        ];
        operation("webhooks", "Register an endpoint", CREATE_WEBHOOK)
            .parameter(parameters::idempotency_key(Required::False))
            .request_body(body(request(), schema::of::<CreateWebhookRequest>(), Required::True))
            .response("201", created)
            .schema::<SubscribedEvent>(with_the_names)
            .schema::<CreateWebhookRequest>(schema::as_it_is)
            .schema::<WebhookView>(|object| schema::all_but(object, "secret"))
            .refused(with_body(own))
    }

    const CREATE_WEBHOOK: &str = "The endpoint gets the events of the key's mode that happen from now on. An organization may have \
    20 endpoints in each mode. With an `Idempotency-Key`, a replay shows the endpoint as it is now, its secret included; once it \
    was deleted, it is 404, and names it. Names in snake case stand beside some in camel case; both say the same.";

    fn answer() -> Value {
        let mut created = examples::webhook();
        created["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        examples::one(created)
    }

    fn request() -> Value {
        json!({"url": "https://example.com/hooks", "events": ["call.started", "call.ended", "call.analyzed"]})
    }
}
