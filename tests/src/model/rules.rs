//! The promises, as properties of a state and as rules for two successive ones.

use domain::call::{Call, Closing, Dispatch, Status, Step};
use domain::log::{Entry, EventType, Note};
use domain::obligation::due_at;

use super::state::{Consumer, Phase, State};

/// A rule that a single action can break. That it was broken is kept in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rule {
    /// A call claimed while it was not waiting, twice for an attempt, or after its end.
    Claim,
    /// The provider asked without a committed claim.
    AskedUnclaimed,
    /// The provider asked twice for an attempt.
    AskedTwice,
    /// A second call at the provider, though it has not denied the first.
    PlacedTwice,
    /// A status that moved backwards.
    Status,
    /// A call that came back to life, or changed the reason or the moment of its end.
    End,
    /// A gap in the log or in the sequence.
    Sequence,
    /// An event twice, or in the wrong order.
    Events,
    /// A call given up while the provider may still have it live.
    GivenUp,
    /// A call claimed whose called party had opted out by then.
    OptedOut,
    /// A call claimed whose organization was suspended when that was read.
    Suspended,
    /// A call put back on its queue again and again, without effect.
    Progress,
}

/// Judges a step that is being committed. Keeps in the state what it breaks, and what later steps are judged by.
pub(super) fn judge(state: &mut State, before: &Call, step: &Step, not_placed: bool) {
    let after = &step.call;
    let mut broken = std::mem::take(&mut state.broken);
    let mut demand = |holds: bool, rule| {
        if !holds {
            broken.insert(rule);
        }
    };
    let took_back = not_placed && (before.status, after.status) == (Status::Dispatching, Status::Queued);
    demand(before.status <= after.status || took_back, Rule::Status);
    if before.is_ended() {
        let end = |call: &Call| (call.status, call.end_reason.clone(), call.ended_at);
        demand(end(before) == end(after), Rule::End);
    }
    if let Some(attempt) = step.claimed {
        let bit = 1 << attempt;
        let may = matches!(before.dispatch, Dispatch::Waiting { .. }) && !before.is_ended();
        let asks = matches!(after.dispatch, Dispatch::Asking { .. }) && attempt == before.attempt + 1;
        let current = state.call.as_deref().is_some_and(|call| !call.is_ended());
        demand(may && asks && current && state.claimed & bit == 0, Rule::Claim);
        demand(!state.objections.suppressed, Rule::OptedOut);
        state.claimed |= bit;
    }
    let (mut number, mut sequence) = (before.log_length, before.sequence);
    for entry in &step.log {
        number += 1;
        demand(entry.number == number, Rule::Sequence);
        match &entry.entry {
            Entry::Event { sequence: given, event } => {
                sequence += 1;
                demand(*given == sequence, Rule::Sequence);
                demand(may_follow(&state.events, event.event_type()), Rule::Events);
                state.events.push(event.event_type());
            }
            // An event without a conversation has no place in one's log.
            Entry::Notice { .. } => demand(false, Rule::Events),
            Entry::Note { note: Note::GivenUp { .. } } => {
                state.let_go = true;
                demand(state.placed.iter().all(|placed| placed.phase == Phase::Over), Rule::GivenUp);
            }
            // What was ended here and makes no progress is let go, whatever is open.
            Entry::Note { note: Note::Abandoned } => state.let_go |= before.is_ended(),
            Entry::Note { .. } => {}
        }
    }
    demand((number, sequence) == (after.log_length, after.sequence), Rule::Sequence);
    state.broken = broken;
}

/// Started before ended before analysed, each once.
fn may_follow(events: &[EventType], next: EventType) -> bool {
    let ended = events.contains(&EventType::CallEnded);
    let order = match next {
        EventType::CallStarted => !ended,
        EventType::CallAnalyzed => ended,
        _ => true,
    };
    order && !events.contains(&next)
}

/// Whether nothing is owed any more for the call.
fn is_settled(call: &Call) -> bool {
    call.is_ended()
        && call.closing == Closing::Announced
        && call.dispatch == Dispatch::Settled
        && call.strays.is_empty()
}

/// Whatever is not fully settled stands in the index of what is due, at the earliest moment or at a later nudge.
pub(super) fn is_due_while_open(state: &State) -> bool {
    state.call.iter().all(|call| (due_at(&**call).is_some() && state.index.is_some()) || is_settled(call))
}

/// A call that was ended here and lives at the provider is hung up, or still looked for, unless it was given up.
pub(super) fn no_late_call_is_kept(state: &State) -> bool {
    let ended = state.call.as_ref().is_some_and(|call| call.is_ended());
    !ended
        || state.let_go
        || (0..state.placed.len()).all(|place| {
            state.placed[place].phase == Phase::Over || state.hangs_up(place) || state.may_be_unknown(place)
        })
}

/// Where nothing can happen any more, everything is done.
pub(super) fn ends_settled(state: &State) -> bool {
    !state.actions().is_empty()
        || (state.call.as_ref().is_some_and(|call| is_settled(call))
            && state.events.iter().filter(|event| **event == EventType::CallEnded).count() == 1
            && state.index.is_none()
            && state.consumers.iter().all(|consumer| *consumer == Consumer::Idle)
            && state.placed.iter().all(|placed| placed.phase == Phase::Over))
}
