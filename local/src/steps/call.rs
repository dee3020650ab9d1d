//! Steps of a call.

use domain::call::{Call, Status};
use domain::end_reason::EndReason;
use domain::log::{Entry, EventType, LogEntry};

use super::{Told, redacted};

pub(super) fn accepted(call: &Call) -> Told {
    Told::new("accepted", format!("{} calls {}", call.agent.slug, redacted(&call.to, call.scope.mode)))
}

/// Returns the steps of a change, in the order in which they happened to the call. One report may bring several.
pub(super) fn changed(before: &Call, after: &Call, log: &[LogEntry]) -> Vec<Told> {
    let reached = |status| before.status != status && after.status == status;
    let mut steps = Vec::new();
    if reached(Status::Dispatching) {
        let provider = after.provider.as_str();
        steps.push(Told::new("dialling", format!("attempt {} at {provider}", after.attempt)));
    }
    steps.extend(log.iter().filter_map(|entry| match &entry.entry {
        Entry::Note { note } => Told::note(note),
        Entry::Event { .. } | Entry::Notice { .. } => None,
    }));
    if reached(Status::Ringing) {
        steps.push(Told::new("ringing", ""));
    }
    if before.started_at.is_none() && after.started_at.is_some() {
        let by = after.facts.answered_by.map(|by| format!("by a {}", by.as_str()));
        steps.push(Told::new("answered", by.unwrap_or_default()).good());
    }
    if reached(Status::Ended) {
        steps.push(ended(after));
    }
    let is_analysed =
        |entry: &LogEntry| entry.entry.event().is_some_and(|event| event.event_type() == EventType::CallAnalyzed);
    if log.iter().any(is_analysed) {
        steps.push(Told::new("analysed", ""));
    }
    steps
}

fn ended(call: &Call) -> Told {
    let reason = call.end_reason.as_ref().map_or("no reason", EndReason::as_str);
    match call.started_at {
        Some(_) => Told::new("ended", format!("{reason} after {} s", call.duration_seconds())),
        None => Told::new("ended", reason),
    }
}
