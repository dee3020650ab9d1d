//! Attempts to deliver webhooks.

use domain::delivery::{Delivery, State};
use store::{PendingDelivery, Subject};
use url::Url;

use super::{About, Told};

pub(super) fn about(delivery: &PendingDelivery) -> About {
    let parts = delivery.parts.as_ref().ok();
    match parts.and_then(|parts| parts.subject.as_ref()) {
        Some(Subject::Call(call)) => About::call(call.id, call.created_at),
        Some(Subject::Sms(sms)) => About::sms(sms.id, sms.created_at),
        // The event is about the endpoint itself, or about a text outside of conversations.
        None => About { kind: "hook", id: delivery.delivery.conversation, since: delivery.delivery.created_at },
    }
}

/// Returns the last attempt of a delivery.
pub(super) fn attempted(before: &PendingDelivery, after: &Delivery) -> Option<Told> {
    let parts = before.parts.as_ref().ok();
    let event = parts.and_then(|parts| parts.entry.as_ref()?.entry.event()).map(|event| event.event_type().name());
    let host = parts.and_then(|parts| host(&parts.endpoint.as_ref()?.url));
    last_attempt(event.unwrap_or("unreadable event"), host.as_deref().unwrap_or("its endpoint"), after)
}

/// Returns the last attempt: the event, the endpoint's host, the HTTP status or the error, and the duration. After a failure
/// also the next attempt.
pub(super) fn last_attempt(event: &str, host: &str, delivery: &Delivery) -> Option<Told> {
    let attempt = delivery.attempts.last()?;
    let duration_ms = attempt.duration_ms;
    let result = match (attempt.status, &attempt.error) {
        (Some(status), _) => format!("{status} in {duration_ms} ms"),
        (None, Some(error)) => format!("failed after {duration_ms} ms, {error}"),
        (None, None) => format!("failed after {duration_ms} ms"),
    };
    let wait = delivery.next_attempt_at.since(attempt.at).as_seconds();
    let next = match delivery.state {
        State::Pending => format!(", again in {wait} s"),
        State::Exhausted => ", given up".to_owned(),
        State::Delivered | State::Cancelled => String::new(),
    };
    let told = Told::new("webhook", format!("{event} to {host}: {result}{next}"));
    Some(if delivery.state == State::Delivered { told.good() } else { told.bad() })
}

/// Returns the host and port of an endpoint's URL. The path may contain secrets.
pub(super) fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}
