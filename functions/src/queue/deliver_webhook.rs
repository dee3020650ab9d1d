//! Delivery of an event to a webhook endpoint: one read, one request, one write.

use domain::delivery::{Attempt, Delivery, State, Verdict};
use domain::endpoint::{Endpoint, Failing, Failure};
use domain::ids::Scope;
use domain::log::LogEntry;
use domain::measure::Measure;
use domain::planted::{Bug, is_planted};
use domain::signature::Secret;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::Method;
use providers::egress::{
    Answer, EgressError, OutboundRequest, UrlError, WEBHOOK_KEEP_BYTES, WEBHOOK_TIMEOUT, name_request, signed_headers,
};
use serde_json::Value;
use store::measures::measure;
use store::{DeliveryJob, DeliveryParts, PendingDelivery, QueueName, StoreError, Subject, is_short};

use super::batch::{self, Next};
use crate::app::App;
use crate::error::Error;
use crate::event_body::{Origin, carries_transcript, event_body};
use crate::route::{Function, Trigger};

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "deliver-webhook",
    trigger: Trigger::Queue { queue: QueueName::Webhooks, handle: |app, event| handle(app, event).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Consumes a batch of deliveries. Each delivery has its own message, so a dead endpoint delays no other.
///
/// # Errors
/// [`Error::Event`] if the event is not a batch.
async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    batch::consume(
        &app.store.queues,
        QueueName::Webhooks,
        event,
        |job: DeliveryJob| async move { deliver(app, &job).await },
    )
    .await
}

/// Delivers an event. Schedules the next attempt if its delay is short enough for a message.
async fn deliver(app: &App, job: &DeliveryJob) -> Result<Next, StoreError> {
    let table = &app.store.table;
    let Some(pending) = table.pending_delivery(job).await? else { return Ok(Next::Done) };
    let now = table.now();
    if pending.delivery.state != State::Pending || pending.delivery.next_attempt_at > now {
        return Ok(Next::Done);
    }
    // Unreadable data counts as a failed attempt. The delivery's log shows it, it is tried again, and clients can ask for
    // redelivery.
    let readable = match &pending.parts {
        Ok(parts) => Ok(parts),
        Err(unreadable) => Err(unreadable.to_string()),
    };
    let (attempt, verdict) = match readable {
        Err(why) => failed_attempt(now, now, why),
        Ok(parts) => {
            let Some(endpoint) = parts.endpoint.as_ref() else {
                return settle(app, &pending, State::Cancelled).await;
            };
            if !endpoint.enabled {
                return settle(app, &pending, State::Exhausted).await;
            }
            // The entry's retention is over, so the event is not sent any more.
            let Some(entry) = parts.entry.as_ref() else {
                return settle(app, &pending, State::Exhausted).await;
            };
            match render(app, &job.scope, &pending.delivery, parts, entry).await {
                Err(unreadable @ StoreError::Corrupt { .. }) => failed_attempt(now, now, unreadable.to_string()),
                Err(error) => return Err(error),
                Ok(event) => {
                    let (attempt, verdict, was_asked) = attempt(app, parts, endpoint, event, now).await;
                    // The endpoint is updated first. Once the delivery is marked, no later run applies the result to the
                    // endpoint.
                    if was_asked {
                        judge(app, &job.scope, parts, endpoint, verdict, now).await?;
                    }
                    (attempt, verdict)
                }
            }
        }
    };
    let jitter = u16::from_be_bytes(table.entropy().bytes()?);
    let done = table.now();
    let after = pending.delivery.clone().after(attempt, verdict, done, jitter);
    let marked = table.mark_delivery(&pending, &after).await?;
    note(&pending, &after, verdict, done);
    let again = marked && after.state == State::Pending && is_short(&after, done);
    Ok(if again { Next::Again(after.next_attempt_at.since(done)) } else { Next::Done })
}

/// Logs an attempt in one line, and records its metrics.
fn note(pending: &PendingDelivery, after: &Delivery, verdict: Verdict, now: Timestamp) {
    let attempts = after.attempts.len();
    let parts = pending.parts.as_ref().ok();
    match (verdict, after.state) {
        (Verdict::Delivered, _) => {
            if let Some(entry) = parts.and_then(|parts| parts.entry.as_ref()) {
                measure(Measure::WebhookAge, now.since(entry.at).as_milliseconds());
            }
            measure(Measure::WebhookAttempts, i64::try_from(attempts).unwrap_or(i64::MAX));
        }
        (Verdict::Gone | Verdict::Failed { .. }, State::Exhausted) => measure(Measure::WebhooksExhausted, 1),
        (Verdict::Gone | Verdict::Failed { .. }, State::Pending | State::Delivered | State::Cancelled) => {}
    }
    let last = after.attempts.last();
    // Without an answer, the error describes the connection. Its text contains no address.
    let (status, error) = (last.and_then(|last| last.status), last.and_then(|last| last.error.as_deref()));
    let outcome = match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Gone => "gone",
        Verdict::Failed { .. } => "failed",
    };
    let (request_id, conversation, endpoint) = (parts.and_then(request_id), after.conversation, after.endpoint);
    tracing::info!(%conversation, request_id, %endpoint, attempts, outcome, status, error, "delivered");
}

/// Returns the id of the request that created the conversation.
fn request_id(parts: &DeliveryParts) -> Option<&str> {
    match parts.subject.as_ref()? {
        Subject::Call(call) => call.request_id.as_deref(),
        Subject::Sms(conversation) => conversation.request_id.as_deref(),
    }
}

/// Applies the result of an attempt to the endpoint. Writes nothing while the endpoint stays as it is, healthy or failing.
async fn judge(
    app: &App,
    scope: &Scope,
    parts: &DeliveryParts,
    endpoint: &Endpoint,
    verdict: Verdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (table, id, before) = (&app.store.table, endpoint.id, parts.failing);
    match verdict {
        Verdict::Delivered if before.is_none() => Ok(()),
        Verdict::Delivered => table.note_endpoint_well(scope, id).await,
        Verdict::Gone => app.store.disable_endpoint(scope, id, "the endpoint answered 410 Gone", None).await,
        Verdict::Failed { .. } => match (Failure::of(before, now), before) {
            (Failure::IsNoted, _) => Ok(()),
            (Failure::IsTooLong, Some(Failing { since, .. })) => {
                let reason =
                    format!("the endpoint has taken no event since {since}, for five days in which it was tried");
                app.store.disable_endpoint(scope, id, &reason, Some(since)).await
            }
            (Failure::GoesOn, _) => table.note_endpoint_failing(scope, id, before, false, now).await,
            (Failure::Begins | Failure::IsTooLong, _) => {
                table.note_endpoint_failing(scope, id, before, true, now).await
            }
        },
    }
}

async fn settle(app: &App, pending: &PendingDelivery, state: State) -> Result<Next, StoreError> {
    let after = Delivery { state, ..pending.delivery.clone() };
    app.store.table.mark_delivery(pending, &after).await.map(|_| Next::Done)
}

/// Makes an attempt. Returns it with its verdict, and with `false` if none of the endpoint's secrets can sign it, so that the
/// endpoint was not asked.
async fn attempt(
    app: &App,
    parts: &DeliveryParts,
    endpoint: &Endpoint,
    (id, body): (String, Vec<u8>),
    now: Timestamp,
) -> (Attempt, Verdict, bool) {
    let sent = match request(endpoint, &id, body, request_id(parts), now) {
        Ok(request) => app.egress.send(request).await,
        Err(error) => Err(error),
    };
    let done = app.now();
    match sent {
        Ok(Answer { status, retry_after, body, cut: _ }) => {
            let verdict = Verdict::of(status, retry_after.map(|after| after.from(done)));
            let duration_ms = between(now, done);
            (Attempt { at: now, duration_ms, status: Some(status), error: None, answer: body }, verdict, true)
        }
        Err(error) => {
            let was_asked = !matches!(error, EgressError::Unsigned);
            let (attempt, verdict) = failed_attempt(now, done, error.to_string());
            (attempt, verdict, was_asked)
        }
    }
}

/// Returns the record of an attempt that failed without an answer.
fn failed_attempt(at: Timestamp, done: Timestamp, why: String) -> (Attempt, Verdict) {
    let attempt = Attempt { at, duration_ms: between(at, done), status: None, error: Some(why), answer: String::new() };
    (attempt, Verdict::Failed { retry_after: None })
}

fn between(at: Timestamp, done: Timestamp) -> u32 {
    u32::try_from(done.since(at).as_milliseconds()).unwrap_or(u32::MAX)
}

/// Renders the event. Returns its id and the webhook's body.
async fn render(
    app: &App,
    scope: &Scope,
    delivery: &Delivery,
    parts: &DeliveryParts,
    entry: &LogEntry,
) -> Result<(String, Vec<u8>), StoreError> {
    let transcript = if carries_transcript(entry) {
        app.store.table.transcript(delivery.conversation, &parts.items).await?
    } else {
        None
    };
    let content = &parts.content;
    let origin = match &parts.subject {
        Some(Subject::Call(call)) => Origin::call(call, content),
        Some(Subject::Sms(conversation)) => Origin::sms(conversation, content),
        None => Origin { log: delivery.conversation, scope, agent: None, content },
    };
    let body = event_body(origin, entry, transcript.as_deref());
    let body = body.map_err(|error| StoreError::corrupt("event", error))?;
    let body = body.ok_or_else(|| StoreError::corrupt("event", "the log entry is a note"))?;
    let mut id = body.id().to_owned();
    if is_planted(Bug::FreshEventId) {
        id.push_str(&delivery.attempts.len().to_string());
    }
    let json = serde_json::to_vec(&body).map_err(|error| StoreError::corrupt("event", error))?;
    Ok((id, json))
}

/// Builds a request that is signed with each of the endpoint's secrets that can be parsed.
fn request(
    endpoint: &Endpoint,
    id: &str,
    body: Vec<u8>,
    request_id: Option<&str>,
    now: Timestamp,
) -> Result<OutboundRequest, EgressError> {
    let secrets: Vec<Secret> = endpoint.signing(now).filter_map(|secret| Secret::parse(secret).ok()).collect();
    let url = endpoint.url.parse().map_err(|error| EgressError::Refused(UrlError::Malformed(error)))?;
    let mut headers = signed_headers(&secrets, id, now, &body)?;
    name_request(&mut headers, request_id);
    let (timeout, keep_bytes) = (WEBHOOK_TIMEOUT, WEBHOOK_KEEP_BYTES);
    Ok(OutboundRequest { method: Method::POST, url, headers, body, timeout, keep_bytes, needs_all: false })
}
