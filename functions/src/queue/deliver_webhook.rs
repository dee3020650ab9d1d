//! Delivers an event to an endpoint: one read, one request, one write.

use domain::delivery::{Attempt, Delivery, State, Verdict};
use domain::endpoint::{Endpoint, is_given_up};
use domain::ids::Scope;
use domain::log::LogEntry;
use domain::measure::Measure;
use domain::planted::{Bug, is_planted};
use domain::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign};
use domain::time::Timestamp;
use lambda_http::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue};
use lambda_http::http::{HeaderName, Method};
use providers::egress::{
    Answer, EgressError, OutboundRequest, UrlError, WEBHOOK_KEEP_BYTES, WEBHOOK_TIMEOUT, name_request,
};
use serde_json::Value;
use store::measures::measure;
use store::{DeliveryJob, PendingDelivery, QueueName, StoreError, Subject, is_short};

use super::batch::{self, Next};
use crate::app::App;
use crate::error::Error;
use crate::event_body::{Origin, carries_transcript, event_body};

/// Consumes a batch of deliveries. A dead endpoint delays nobody: each delivery is a message of its own.
///
/// # Errors
/// [`Error::Event`] where the event is no batch.
pub(crate) async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    batch::consume(
        &app.store.queues,
        QueueName::Webhooks,
        event,
        |job: DeliveryJob| async move { deliver(app, &job).await },
    )
    .await
}

/// Delivers, and asks for the next attempt, where that is near enough for a message.
async fn deliver(app: &App, job: &DeliveryJob) -> Result<Next, StoreError> {
    let table = &app.store.table;
    let Some(pending) = table.pending_delivery(job).await? else { return Ok(Next::Done) };
    let now = table.now();
    if pending.delivery.state != State::Pending || pending.delivery.next_attempt_at > now {
        return Ok(Next::Done);
    }
    let Some(endpoint) = pending.endpoint.as_ref() else {
        return settle(app, &pending, State::Cancelled).await;
    };
    if !endpoint.enabled {
        return settle(app, &pending, State::Exhausted).await;
    }
    // What its retention is over for is sent no more.
    let Some(entry) = pending.entry.as_ref() else {
        return settle(app, &pending, State::Exhausted).await;
    };
    let event = render(app, &job.scope, &pending, entry).await?;
    let (attempt, verdict) = attempt(app, &pending, endpoint, event, now).await;
    let jitter = u16::from_be_bytes(table.entropy().bytes()?);
    let done = table.now();
    let after = pending.delivery.clone().after(attempt, verdict, done, jitter);
    // First the endpoint: once the delivery is marked nobody comes back for what its answer meant.
    judge(app, &job.scope, &pending, endpoint, verdict, now).await?;
    let marked = table.mark_delivery(&pending, &after).await?;
    note(&pending, entry, &after, verdict, done);
    let again = marked && after.state == State::Pending && is_short(&after, done);
    Ok(if again { Next::Again(after.next_attempt_at.since(done)) } else { Next::Done })
}

/// One line of log for an attempt, and what there is to measure about it.
fn note(pending: &PendingDelivery, entry: &LogEntry, after: &Delivery, verdict: Verdict, now: Timestamp) {
    let attempts = after.attempts.len();
    match (verdict, after.state) {
        (Verdict::Delivered, _) => {
            measure(Measure::WebhookAge, now.since(entry.at).as_milliseconds());
            measure(Measure::WebhookAttempts, i64::try_from(attempts).unwrap_or(i64::MAX));
        }
        (Verdict::Gone | Verdict::Failed { .. }, State::Exhausted) => measure(Measure::WebhooksExhausted, 1),
        (Verdict::Gone | Verdict::Failed { .. }, State::Pending | State::Delivered | State::Cancelled) => {}
    }
    let status = after.attempts.last().and_then(|attempt| attempt.status);
    let (request_id, conversation) = (request_id(pending), after.conversation);
    tracing::info!(%conversation, request_id, endpoint = %after.endpoint, attempts, status, "delivered");
}

/// The request that made the conversation.
fn request_id(pending: &PendingDelivery) -> Option<&str> {
    match pending.subject.as_ref()? {
        Subject::Call(call) => call.request_id.as_deref(),
        Subject::Sms(conversation) => conversation.request_id.as_deref(),
    }
}

/// What an attempt means for the endpoint. Nothing is written while it stays as it is: well, or failing.
async fn judge(
    app: &App,
    scope: &Scope,
    pending: &PendingDelivery,
    endpoint: &Endpoint,
    verdict: Verdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    let table = &app.store.table;
    match (verdict, pending.failing_since) {
        (Verdict::Delivered, None) => Ok(()),
        (Verdict::Delivered, Some(_)) => table.note_endpoint_well(scope, endpoint.id).await,
        (Verdict::Gone, _) => app.store.disable_endpoint(scope, endpoint.id, "the endpoint answered 410 Gone").await,
        (Verdict::Failed { .. }, None) => table.note_endpoint_failing(scope, endpoint.id, now).await,
        (Verdict::Failed { .. }, Some(since)) if is_given_up(since, now) => {
            let reason = format!("the endpoint has taken no event since {since}, for five days");
            app.store.disable_endpoint(scope, endpoint.id, &reason).await
        }
        (Verdict::Failed { .. }, Some(_)) => Ok(()),
    }
}

async fn settle(app: &App, pending: &PendingDelivery, state: State) -> Result<Next, StoreError> {
    let after = Delivery { state, ..pending.delivery.clone() };
    app.store.table.mark_delivery(pending, &after).await.map(|_| Next::Done)
}

async fn attempt(
    app: &App,
    pending: &PendingDelivery,
    endpoint: &Endpoint,
    (id, body): (String, Vec<u8>),
    now: Timestamp,
) -> (Attempt, Verdict) {
    let sent = match request(endpoint, &id, body, request_id(pending), now) {
        Ok(request) => app.egress.send(request).await,
        Err(error) => Err(error),
    };
    let done = app.store.table.now();
    let duration_ms = u32::try_from(done.since(now).as_milliseconds()).unwrap_or(u32::MAX);
    match sent {
        Ok(Answer { status, retry_after, body, cut: _ }) => {
            let verdict = Verdict::of(status, retry_after.map(|after| after.from(done)));
            (Attempt { at: now, duration_ms, status: Some(status), error: None, answer: body }, verdict)
        }
        Err(error) => {
            let error = Some(error.to_string());
            let attempt = Attempt { at: now, duration_ms, status: None, error, answer: String::new() };
            (attempt, Verdict::Failed { retry_after: None })
        }
    }
}

/// The event's id and the webhook's body.
async fn render(
    app: &App,
    scope: &Scope,
    pending: &PendingDelivery,
    entry: &LogEntry,
) -> Result<(String, Vec<u8>), StoreError> {
    let transcript = if carries_transcript(entry) {
        app.store.table.transcript(pending.delivery.conversation, &pending.items).await?
    } else {
        None
    };
    let content = &pending.content;
    let origin = match &pending.subject {
        Some(Subject::Call(call)) => Origin::call(call, content),
        Some(Subject::Sms(conversation)) => Origin::sms(conversation, content),
        None => Origin { log: pending.delivery.conversation, scope, agent: None, content },
    };
    let body = event_body(origin, entry, transcript.as_deref());
    let body = body.map_err(|error| StoreError::corrupt("event", error))?;
    let body = body.ok_or_else(|| StoreError::corrupt("event", "the log entry is a note"))?;
    let mut id = body.id().to_owned();
    if is_planted(Bug::FreshEventId) {
        id.push_str(&pending.delivery.attempts.len().to_string());
    }
    let json = serde_json::to_vec(&body).map_err(|error| StoreError::corrupt("event", error))?;
    Ok((id, json))
}

/// A signed request, by Standard Webhooks.
fn request(
    endpoint: &Endpoint,
    id: &str,
    body: Vec<u8>,
    request_id: Option<&str>,
    now: Timestamp,
) -> Result<OutboundRequest, EgressError> {
    let secrets: Vec<Secret> = endpoint.signing(now).filter_map(|secret| Secret::parse(secret).ok()).collect();
    let signature = sign(&secrets, id, now, &body);
    let url = endpoint.url.parse().map_err(|error| EgressError::Refused(UrlError::Malformed(error)))?;
    let mut headers = headers(id, now, &signature).map_err(|error| EgressError::Setup(error.into()))?;
    name_request(&mut headers, request_id);
    let (timeout, keep_bytes) = (WEBHOOK_TIMEOUT, WEBHOOK_KEEP_BYTES);
    Ok(OutboundRequest { method: Method::POST, url, headers, body, timeout, keep_bytes, needs_all: false })
}

fn headers(id: &str, now: Timestamp, signature: &str) -> Result<HeaderMap, InvalidHeaderValue> {
    Ok(HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static(ID_HEADER), HeaderValue::from_str(id)?),
        (HeaderName::from_static(TIMESTAMP_HEADER), HeaderValue::from(now.as_seconds())),
        (HeaderName::from_static(SIGNATURE_HEADER), HeaderValue::from_str(signature)?),
    ]))
}
