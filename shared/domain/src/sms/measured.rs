//! Metrics of a change of an SMS conversation.

use super::{Claim, SmsConversation};
use crate::conversation::Change;
use crate::log::{Entry, Event, Note};
use crate::measure::{Measure, Measured};

/// Returns the metrics of a change: claimed turns and messages, unknown outcomes, failed turns and abandoned conversations.
pub(super) fn measured(change: &Change<SmsConversation>) -> Vec<Measured> {
    let claimed = change.claimed.and_then(|claim| match claim {
        Claim::Turn { .. } => Some((Measure::Turns, 1)),
        Claim::Send { .. } => Some((Measure::Dispatched, 1)),
        Claim::Tool { .. } => None,
    });
    let logged = change.log.iter().filter_map(|entry| match &entry.entry {
        Entry::Note { note: Note::SendUnknown { .. } } => Some((Measure::DispatchUnknown, 1)),
        Entry::Note { note: Note::Abandoned } => Some((Measure::GivenUp, 1)),
        Entry::Event { event: Event::SmsTurnFailed(_), .. } => Some((Measure::TurnFailures, 1)),
        Entry::Note { .. } | Entry::Event { .. } | Entry::Notice { .. } => None,
    });
    claimed.into_iter().chain(logged).collect()
}
