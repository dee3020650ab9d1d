//! `POST /v1/webhooks/{id}/rotate-secret`: replaces the secret of a webhook endpoint. The previous secret also signs for another day.

use domain::audit::Action;
use domain::endpoint::{Endpoint, MOST_SECRETS, SigningSecret, TooManySecrets};
use domain::ids::{EndpointId, key_digest};
use domain::key::Permission;
use domain::signature::Secret;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::{Edited, keys};

use crate::api::webhooks::view::WebhookView;
use crate::api::webhooks::webhook_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "rotate-webhook-secret",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/v1/webhooks/{id}/rotate-secret",
            Permission::CanManageWebhooks,
            webhook_keys,
            |authorized| handle(authorized).boxed(),
        )
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have: none.
pub(crate) const FIELDS: [&str; 0] = [];

/// Generates a secret and returns it. A replay returns the same secret as long as it is the newest. It generates no second one while
/// the first is stored.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let id = EndpointId::parse(authorized.request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let asked_under = idempotency::given(authorized.request).map(|key| key_digest(&key));
    let form = check_form(authorized.request);
    let table = &authorized.app.store.table;
    let now = table.now();
    let known: Option<Endpoint> = authorized.items.read("endpoint", &keys::endpoint(&authorized.caller.scope, id))?;
    if let Some(known) =
        known.filter(|known| asked_under.is_some() && made_under(known, asked_under.as_ref()).is_some())
    {
        form.map_err(|_| ApiError::KeyReused)?;
        return replay(&authorized, known, asked_under.as_ref(), now);
    }
    form?;
    let Authorized { app, caller, request, .. } = &authorized;
    caller.must_not_be_suspended()?;
    let secret = Secret::new(table.entropy().bytes()?).reveal();
    let next = SigningSecret { asked_under: asked_under.clone(), ..SigningSecret::new(secret.clone()) };
    let is_asked_again =
        |endpoint: &Endpoint| asked_under.is_some() && made_under(endpoint, asked_under.as_ref()).is_some();
    let audit = caller.did(Action::WebhookSecretRotated, id, Vec::new(), now);
    let edited = app.store.table.edit_endpoint(&caller.scope, id, &audit, |endpoint| {
        if is_asked_again(endpoint) { Ok(()) } else { endpoint.rotate(next.clone(), now) }
    });
    match edited.await? {
        Edited::Done(endpoint) => {
            if endpoint.secrets.first().is_none_or(|newest| newest.secret != secret) {
                return replay(&authorized, *endpoint, asked_under.as_ref(), now);
            }
            let view = WebhookView::with_secret(*endpoint, caller.scope.mode, now);
            Ok(Response::data(StatusCode::OK, request, view)?)
        }
        Edited::Missing => Err(ApiError::NotFound("webhook")),
        Edited::Refused(TooManySecrets) => {
            let message = format!("{MOST_SECRETS} secrets of the endpoint sign at the moment; each does for a day");
            Err(ApiError::Conflict(message))
        }
    }
}

fn check_form(request: &Request) -> Result<(), ApiError> {
    let mut fields = Fields::open_optional(request, &FIELDS)?;
    idempotency::check(request, &mut fields);
    fields.finish()
}

/// Returns the position of the secret that was generated under this idempotency key. The newest secret has position 0.
fn made_under(endpoint: &Endpoint, key: Option<&String>) -> Option<usize> {
    endpoint.secrets.iter().position(|secret| secret.asked_under.as_ref() == key)
}

/// Returns the response to a replayed request. A secret that was replaced since then is not returned again.
fn replay(
    authorized: &Authorized<'_>,
    endpoint: Endpoint,
    key: Option<&String>,
    now: Timestamp,
) -> Result<Response, ApiError> {
    if made_under(&endpoint, key) != Some(0) {
        let message = "the secret that was made under this Idempotency-Key has been replaced since; use a new key";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    let view = WebhookView::with_secret(endpoint, authorized.caller.scope.mode, now);
    Ok(Response::data(StatusCode::OK, authorized.request, view)?.replayed())
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use crate::api::webhooks::view::WebhookView;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, conflict, invalid_query, no_webhook, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<WebhookView>());
        let rotated = answers::replayable(Some(answer()), "The new secret, shown here only.", schema);
        let too_many = "5 secrets of the endpoint sign at the moment; each does for a day";
        let own = vec![invalid_query(), suspended(), no_webhook(), ApiError::Conflict(too_many.to_owned()), conflict()];
        operation("webhooks", "Rotate an endpoint's secret", ROTATE)
            .parameter(parameters::webhook_id())
            .parameter(parameters::idempotency_key(Required::False))
            .response("200", rotated)
            .refused(with_body(own))
    }

    const ROTATE: &str = "The new secret signs from now on, and the one before beside it for 24 hours: `webhook-signature` then \
    carries a signature by each. At most 5 secrets sign at once. With an `Idempotency-Key`, a replay shows the same secret, as \
    long as it is the newest.";

    fn answer() -> Value {
        let mut rotated = examples::webhook();
        rotated["secret"] = json!(examples::administration::SECRET);
        rotated["signedTwiceUntil"] = json!("2026-04-11T14:00:00.000Z");
        examples::one(rotated)
    }
}
