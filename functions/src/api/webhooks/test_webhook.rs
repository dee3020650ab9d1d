//! `POST /v1/webhooks/{id}/test`: sends a test event to an endpoint. It is signed and retried like any other event.

use domain::ids::{ConversationId, EndpointId, Operation, Scope, event_id};
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::keys::{self, Key};
use store::{MOST_TESTS_A_MINUTE, Tested};

use crate::api::webhooks::delivery_view::DeliveryId;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::idempotency;
use crate::route::{Authorized, Function, KeyUse, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "test-webhook",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/webhooks/{id}/test", Permission::CanManageWebhooks, keys_to_load, |authorized| {
            handle(authorized).boxed()
        })
        .with_idempotency_key(KeyUse::Optional),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have: none.
pub(crate) const FIELDS: [&str; 0] = [];

/// Test event that is being delivered.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestSent {
    /// Id of the event.
    event_id: String,
    /// Id of the delivery in the endpoint's list.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    delivery_id: DeliveryId,
}

/// Returns the keys of the endpoint, and of the log entry and delivery that an earlier request may have created.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    let mut wanted = crate::api::webhooks::webhook_keys(request, scope);
    if let Some((log, endpoint)) = log_id(request, scope).zip(EndpointId::parse(request.path("id"))) {
        wanted.extend([keys::log_entry(log, 1), keys::delivery(log, 1, endpoint)]);
    }
    wanted
}

/// Returns the id of the test event's log, derived from the idempotency key. Returns `None` without a key.
fn log_id(request: &Request, scope: &Scope) -> Option<ConversationId> {
    idempotency::given(request).map(|key| ConversationId::for_key(scope, Operation::TestWebhook, &key))
}

fn check_form(request: &Request) -> Result<(), ApiError> {
    let mut fields = Fields::open_optional(request, &FIELDS)?;
    idempotency::check(request, &mut fields);
    fields.finish()
}

fn replay(request: &Request, sent: &TestSent) -> Result<Response, ApiError> {
    Ok(Response::data(StatusCode::ACCEPTED, request, sent)?.replayed())
}

/// Sends a test event. The endpoint's subscriptions do not matter.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint = crate::api::webhooks::webhook(&authorized)?;
    let Authorized { app, caller, request, items } = authorized;
    let form = check_form(request);
    let log_id = match log_id(request, &caller.scope) {
        Some(id) => id,
        None => ConversationId::random(app.entropy().bytes()?),
    };
    let sent = TestSent { event_id: event_id(log_id, 1), delivery_id: DeliveryId { log: log_id, number: 1 } };
    if items.get(&keys::log_entry(log_id, 1)).is_some() {
        // A valid request has no fields, so a request with fields is not the same one.
        let is_same = form.is_ok() && items.get(&keys::delivery(log_id, 1, endpoint.id)).is_some();
        return if is_same { replay(request, &sent) } else { Err(ApiError::KeyReused) };
    }
    form?;
    caller.must_not_be_suspended()?;
    if !endpoint.enabled {
        return Err(ApiError::Conflict("the endpoint is disabled; enable it first".to_owned()));
    }
    match app.store.test_endpoint(&caller.scope, endpoint.id, log_id).await? {
        Tested::Sent => Ok(Response::data(StatusCode::ACCEPTED, request, &sent)?),
        Tested::SentBefore => replay(request, &sent),
        Tested::OfAnother => Err(ApiError::KeyReused),
        Tested::TooMany { wait } => {
            let message = format!("an endpoint is sent {MOST_TESTS_A_MINUTE} test events a minute at the most");
            Err(ApiError::RateLimited { wait, message })
        }
    }
}

#[cfg(feature = "openapi")]
mod document {
    use domain::time::Span;
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::TestSent;
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, disabled, invalid_query, no_webhook, operation, suspended, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let sent = answers::replayable(Some(answer()), "It is on its way.", schema::envelope(schema::of::<TestSent>()));
        let too_many = "an endpoint is sent 10 test events a minute at the most".to_owned();
        let limited = ApiError::RateLimited { wait: Span::seconds(30), message: too_many };
        let own = vec![invalid_query(), suspended(), no_webhook(), disabled(), ApiError::KeyReused, limited];
        operation("webhooks", "Test an endpoint", TEST)
            .parameter(parameters::webhook_id())
            .parameter(parameters::idempotency_key(Required::False))
            .response("202", sent)
            .schema::<TestSent>(schema::always_there)
            .refused(with_body(own))
    }

    const TEST: &str = "Sends `webhook.test`, signed and retried as any other event, whatever the endpoint is subscribed to. At most \
    10 a minute for each endpoint. What came of it stands in the endpoint's deliveries.";

    fn answer() -> Value {
        examples::one(
            json!({"eventId": examples::administration::EVENT, "deliveryId": examples::administration::DELIVERY}),
        )
    }
}
