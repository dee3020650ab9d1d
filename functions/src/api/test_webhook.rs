//! `POST /v1/webhooks/{id}/test`: sends an endpoint a test event, signed and retried as any other.

use domain::ids::{ConversationId, Operation, event_id};
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::{MOST_TESTS_A_MINUTE, Tested};

use super::delivery_view::DeliveryId;
pub(crate) use super::webhook_reads as reads;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::idempotency;
use crate::registry::Authorized;

/// What a request may say: nothing.
pub(crate) const FIELDS: [&str; 0] = [];

/// A test event that is on its way.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestSent {
    /// The event's id.
    event_id: String,
    /// The delivery, as it stands in the endpoint's list.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    delivery_id: DeliveryId,
}

/// Sends a test event, whatever the endpoint is subscribed to.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint = super::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let mut fields = Fields::open_optional(request, &FIELDS)?;
    let log_id = match idempotency::key(request) {
        idempotency::Key::Given(key) => ConversationId::for_key(&caller.scope, Operation::TestWebhook, &key),
        idempotency::Key::Missing => ConversationId::random(app.store.table.entropy().bytes()?),
        idempotency::Key::Malformed => {
            fields.refuse(idempotency::HEADER, idempotency::MALFORMED);
            return fields.finish().map(|()| Response::empty(StatusCode::BAD_REQUEST));
        }
    };
    fields.finish()?;
    caller.must_not_be_suspended()?;
    if !endpoint.enabled {
        return Err(ApiError::Conflict("the endpoint is disabled; enable it first".to_owned()));
    }
    let sent = TestSent { event_id: event_id(log_id, 1), delivery_id: DeliveryId { log: log_id, number: 1 } };
    match app.store.test_endpoint(&caller.scope, endpoint.id, log_id).await? {
        Tested::Sent => Ok(Response::data(StatusCode::ACCEPTED, request, sent)?),
        Tested::SentBefore => Ok(Response::data(StatusCode::ACCEPTED, request, sent)?.replayed()),
        Tested::OfAnother => Err(ApiError::KeyReused),
        Tested::TooMany { wait } => {
            let message = format!("an endpoint is sent {MOST_TESTS_A_MINUTE} test events a minute at the most");
            Err(ApiError::RateLimited { wait, message })
        }
    }
}
