//! `POST /v1/webhooks/{id}/redeliver`: sends an endpoint all events again whose delivery has failed since a given time.

use domain::key::Permission;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;

use crate::api::webhooks::webhook_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "redeliver-webhook",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/v1/webhooks/{id}/redeliver",
            Permission::CanManageWebhooks,
            webhook_keys,
            |authorized| handle(authorized).boxed(),
        )
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
const FIELDS: [&str; 1] = ["since"];

/// Range of the failed deliveries to send again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(rename_all = "camelCase", deny_unknown_fields))]
pub(crate) struct RedeliverWebhookRequest {
    /// Time of the earliest event to send again.
    since: Timestamp,
}

/// Largest number of deliveries that one request examines. Marking that many stays well within the function's timeout.
const LOOKED_AT: u8 = 100;

/// Result of the redelivery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailedRedelivered {
    /// Number of deliveries that are sent again.
    redelivered: u32,
    /// `true` if there are deliveries that this request did not examine.
    has_more: bool,
    /// Value of `since` for the next request; null if no deliveries remain.
    next_since: Option<Timestamp>,
}

/// Sends exhausted deliveries again. Examines the first deliveries from the given time, oldest first.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let endpoint = crate::api::webhooks::webhook(&authorized)?;
    let Authorized { app, caller, request, .. } = authorized;
    let RedeliverWebhookRequest { since } = RedeliverWebhookRequest::parse(request)?;
    caller.must_not_be_suspended()?;
    if !endpoint.enabled {
        return Err(ApiError::Conflict("the endpoint is disabled; enable it first".to_owned()));
    }
    let done = app.store.redeliver_failed(&caller.scope, endpoint.id, since, LOOKED_AT).await?;
    let (has_more, next_since) = (done.more_from.is_some(), done.more_from);
    let answer = FailedRedelivered { redelivered: done.count, has_more, next_since };
    Ok(Response::data(StatusCode::ACCEPTED, request, answer)?)
}

impl RedeliverWebhookRequest {
    fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open(request, &FIELDS)?;
        if !fields.has("since") {
            fields.refuse("since", "is required: a moment, such as 2026-04-10T14:00:00.000Z");
        }
        let since = fields.timestamp("since");
        fields.finish()?;
        let Some(since) = since else { return Err(ApiError::field("since", "must be a moment")) };
        Ok(Self { since })
    }
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::{FailedRedelivered, RedeliverWebhookRequest};
    use crate::openapi::operation::{
        Document, body, conflict, disabled, invalid, no_webhook, operation, suspended, with_body,
    };
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let schema = schema::envelope(schema::of::<FailedRedelivered>());
        let missing = invalid(&[("since", "is required: a moment, such as 2026-04-10T14:00:00.000Z")]);
        operation("webhooks", "Send everything once more that failed", REDELIVER_ALL)
            .parameter(parameters::webhook_id())
            .request_body(body(request(), schema::of::<RedeliverWebhookRequest>(), Required::True))
            .response("202", answers::json(Some(answer()), "It is on its way again.", schema))
            .schema::<RedeliverWebhookRequest>(schema::as_it_is)
            .schema::<FailedRedelivered>(schema::always_there)
            .refused(with_body(vec![missing, suspended(), no_webhook(), disabled(), conflict()]))
    }

    const REDELIVER_ALL: &str = "Looks at the first 100 deliveries of events that happened since a moment, oldest first, and sends \
    those again that are exhausted. Where there are more, `nextSince` is the `since` of the next request.";

    fn answer() -> Value {
        examples::one(json!({"redelivered": 12, "hasMore": false, "nextSince": null}))
    }

    fn request() -> Value {
        json!({"since": "2026-04-10T13:00:00.000Z"})
    }
}
