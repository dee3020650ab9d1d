//! What there is to measure about a call's change.

use super::{Call, Status};
use crate::conversation::Change;
use crate::log::{Entry, Note};
use crate::measure::{Measure, Measured};
use crate::time::Timestamp;

/// Attempts as they are claimed and lost sight of, and how long the call has waited for its first attempt and its first
/// ring: since the moment from which it could be dialled.
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
