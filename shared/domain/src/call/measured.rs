//! Metrics of a call's change.

use super::{Call, Status};
use crate::conversation::Change;
use crate::log::{Entry, Note};
use crate::measure::{Measure, Measured};
use crate::time::Timestamp;

/// Returns the metrics of a change: claimed attempts, unknown outcomes and abandonments, and the waits for the first
/// attempt and for the first ring. The waits begin when the call may be dialled for the first time.
pub(super) fn measured(before: &Call, change: &Change<Call>, now: Timestamp) -> Vec<Measured> {
    let after = &change.after;
    let waited = now.since(before.window.not_before.max(before.created_at)).as_milliseconds();
    let mut measured = Vec::new();
    if let Some(attempt) = change.claimed {
        measured.push((Measure::Dispatched, 1));
        if attempt == 1 {
            measured.push((Measure::TimeToDispatch, waited));
        }
    }
    let rang = matches!(after.status, Status::Ringing | Status::InProgress) || after.started_at.is_some();
    if before.status < Status::Ringing && rang {
        measured.push((Measure::TimeToRing, waited));
    }
    for entry in &change.log {
        match &entry.entry {
            Entry::Note { note: Note::OutcomeUnknown { .. } } => measured.push((Measure::DispatchUnknown, 1)),
            Entry::Note { note: Note::Abandoned } => measured.push((Measure::GivenUp, 1)),
            Entry::Note { .. } | Entry::Event { .. } | Entry::Notice { .. } => {}
        }
    }
    measured
}
