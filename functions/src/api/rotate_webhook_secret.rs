//! `POST /v1/webhooks/{id}/rotate-secret`: gives an endpoint another secret. The one before signs beside it for a day.

use domain::audit::Action;
use domain::endpoint::{Endpoint, MOST_SECRETS, SigningSecret, TooManySecrets};
use domain::ids::{EndpointId, key_digest};
use domain::signature::Secret;
use lambda_http::http::StatusCode;
use store::Edited;

pub(crate) use super::no_reads as reads;
use super::webhook_view::WebhookView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say: nothing.
pub(crate) const FIELDS: [&str; 0] = [];

/// Makes a secret and shows it. A request that is sent again under its key shows the same one, as long as it is the newest.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let id = EndpointId::parse(request.path("id")).ok_or(ApiError::NotFound("webhook"))?;
    let mut fields = Fields::open_optional(request, &FIELDS)?;
    let asked_under = match idempotency::key(request) {
        idempotency::Key::Given(key) => Some(key_digest(&key)),
        idempotency::Key::Missing => None,
        idempotency::Key::Malformed => {
            fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
            None
        }
    };
    fields.finish()?;
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    let now = table.now();
    let secret = Secret::new(table.entropy().bytes()?).reveal();
    let next = SigningSecret { asked_under: asked_under.clone(), ..SigningSecret::new(secret.clone()) };
    let is_asked_again = |endpoint: &Endpoint| {
        asked_under.is_some() && endpoint.secrets.first().is_some_and(|newest| newest.asked_under == asked_under)
    };
    let audit = caller.did(Action::WebhookSecretRotated, id, Vec::new(), now);
    let edited = table.edit_endpoint(&caller.scope, id, &audit, |endpoint| {
        if is_asked_again(endpoint) { Ok(()) } else { endpoint.rotate(next.clone(), now) }
    });
    match edited.await? {
        Edited::Done(endpoint) => {
            let is_replay = endpoint.secrets.first().is_none_or(|newest| newest.secret != secret);
            let view = WebhookView::with_secret(*endpoint, caller.scope.mode, now);
            let response = Response::data(StatusCode::OK, request, view)?;
            Ok(if is_replay { response.replayed() } else { response })
        }
        Edited::Missing => Err(ApiError::NotFound("webhook")),
        Edited::Refused(TooManySecrets) => {
            let message = format!("{MOST_SECRETS} secrets of the endpoint sign at the moment; each does for a day");
            Err(ApiError::Conflict(message))
        }
    }
}
