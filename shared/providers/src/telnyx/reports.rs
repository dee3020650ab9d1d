//! Translation of Telnyx's events about calls. Each event tells one fact. Events come in any order, and perhaps twice.

use domain::call::{AnsweredBy, Call, Report};
use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::ids::ProviderCallId;
use domain::provider::Provider;
use domain::time::Timestamp;

use super::reasons::meaning;
use super::wire::{CallEvent, Payload, TelnyxCall, Webhook};
use crate::callback::{About, CallCallback};
use crate::reading::{callback_json, moment_of};

/// Parses an event about a call. Returns `None` if it is about none. An event about a recording does not name its call.
pub fn call_callback(body: &[u8], now: Timestamp) -> Option<CallCallback> {
    let event = callback_json::<Webhook>(Provider::Telnyx, body)?.data?;
    Some(CallCallback {
        about: About::Call(event.attempt()),
        call_id: event.call_id().map(ProviderCallId::new),
        reports: reports(&event, now),
    })
}

/// Returns the reports that an event contains. `now` replaces a time that the event does not tell.
pub(super) fn reports(event: &CallEvent, now: Timestamp) -> Vec<Report> {
    let Some(payload) = &event.payload else { return Vec::new() };
    let at = event.occurred_at.as_deref().and_then(moment_of).unwrap_or(now);
    match event.event_type.as_str() {
        // Telnyx has no event for ringing. The phone rings from here on, or will soon.
        "call.initiated" => vec![Report::Ringing],
        "call.answered" => vec![Report::Answered { at, by: None }],
        "call.machine.detection.ended" | "call.machine.premium.detection.ended" => {
            vec![Report::Answered { at, by: answered_by(payload) }]
        }
        "call.hangup" => vec![over(payload, at)],
        "call.recording.saved" => recording(payload),
        _ => Vec::new(),
    }
}

/// Returns the reports of a polled call. Telnyx shows that the call is over, but not why.
pub(super) fn shown(call: &Call, shown: &TelnyxCall) -> Vec<Report> {
    let at = shown.end_time.as_deref().and_then(moment_of).filter(|_| shown.is_over());
    let Some(at) = at else { return Vec::new() };
    let connected = call.started_at.is_some();
    let reason = if connected { EndReason::COMPLETED } else { EndReason::unknown_at_provider("unspecified") };
    vec![Report::Ended { at, reason, started_at: None, answered_by: None, duration_seconds: None, ended_by: None }]
}

fn over(payload: &Payload, at: Timestamp) -> Report {
    let said = meaning(payload.hangup_cause.as_deref().unwrap_or("unspecified"));
    // An answered call ends without a SIP failure. Its start time counts only if no report of the answer came.
    let failed = payload.sip_hangup_cause.as_deref().is_some_and(|status| !matches!(status, "200" | "unspecified"));
    let connected = said.connected && !failed;
    let started_at = connected.then(|| payload.start_time.as_deref().and_then(moment_of).unwrap_or(at));
    // `hangup_source` counts only if nothing else ended the call.
    let by_itself = connected && said.reason == EndReason::COMPLETED;
    let ended_by = if by_itself { hung_up_by(payload) } else { None };
    Report::Ended { at, reason: said.reason, started_at, answered_by: None, duration_seconds: None, ended_by }
}

/// Returns the party that hung up an answered call. Telnyx's caller is our side.
fn hung_up_by(payload: &Payload) -> Option<EndedBy> {
    match payload.hangup_source.as_deref()? {
        "caller" => Some(EndedBy::Agent),
        "callee" => Some(EndedBy::Callee),
        _ => None,
    }
}

fn answered_by(payload: &Payload) -> Option<AnsweredBy> {
    match payload.result.as_deref()? {
        "human" | "human_residence" | "human_business" => Some(AnsweredBy::Human),
        "machine" | "fax_detected" => Some(AnsweredBy::Machine),
        _ => None,
    }
}

/// Returns the report of a recording. It is found by the session of its call.
fn recording(payload: &Payload) -> Vec<Report> {
    let session = payload.call_session_id.clone().filter(|session| !session.is_empty());
    session.map(|reference| Report::Recording { reference }).into_iter().collect()
}

#[cfg(test)]
mod tests;
