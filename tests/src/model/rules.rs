//! Promises, as properties of one state and as rules for two successive states.

use domain::call::{Call, Closing, Dispatch, Status, Step};
use domain::log::{Entry, EventType, Note};
use domain::schedule::due_at;

use super::state::{Consumer, Phase, State};

/// Rule that a single action can break. The state records each broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rule {
    /// A call was claimed while it was not waiting, twice for an attempt, or after its end.
    Claim,
    /// The provider was asked without a committed claim.
    AskedUnclaimed,
    /// The provider was asked twice for an attempt.
    AskedTwice,
    /// A second call was placed although the provider has not denied the first.
    PlacedTwice,
    /// A status moved backwards.
    Status,
    /// An ended call came back to life, or changed the reason or the time of its end.
    End,
    /// The log or the sequence has a gap.
    Sequence,
    /// An event came twice or in the wrong order.
    Events,
    /// A call was given up while it may still be live at the provider.
    GivenUp,
    /// A call was claimed although the called party had opted out by then.
    OptedOut,
    /// A call was claimed although the organization was suspended when that was read.
    Suspended,
    /// A call was requeued again and again without effect.
    Progress,
}

/// Judges a step that is being committed. Records in the state the rules that it breaks and the facts that later steps
/// are judged by.
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
        let asks = matches!(after.dispatch, Dispatch::Asking(_)) && attempt == before.attempt + 1;
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
            // An event without a conversation does not belong in a conversation's log.
            Entry::Notice { .. } => demand(false, Rule::Events),
            Entry::Note { note: Note::GivenUp { .. } } => {
                state.let_go = true;
                demand(state.placed.iter().all(|placed| placed.phase == Phase::Over), Rule::GivenUp);
            }
            // A call that was ended here and makes no progress is given up even if it is open at the provider.
            Entry::Note { note: Note::Abandoned } => state.let_go |= before.is_ended(),
            Entry::Note { .. } => {}
        }
    }
    demand((number, sequence) == (after.log_length, after.sequence), Rule::Sequence);
    state.broken = broken;
}

/// Returns `true` if an event may follow the earlier ones: started before ended before analysed, each once.
fn may_follow(events: &[EventType], next: EventType) -> bool {
    let ended = events.contains(&EventType::CallEnded);
    let order = match next {
        EventType::CallStarted => !ended,
        EventType::CallAnalyzed => ended,
        _ => true,
    };
    order && !events.contains(&next)
}

/// Returns `true` if no action is pending for the call.
fn is_settled(call: &Call) -> bool {
    call.is_ended()
        && call.closing == Closing::Announced
        && call.dispatch == Dispatch::Settled
        && call.strays.is_empty()
}

/// Checks that a call with pending actions is in the `due` index, at its earliest deadline or at a later requeue.
pub(super) fn is_due_while_open(state: &State) -> bool {
    state.call.iter().all(|call| (due_at(&**call).is_some() && state.index.is_some()) || is_settled(call))
}

/// Checks that a call which was ended here but lives at the provider is hung up or still searched for, unless it was
/// given up.
pub(super) fn no_late_call_is_kept(state: &State) -> bool {
    let ended = state.call.as_ref().is_some_and(|call| call.is_ended());
    !ended
        || state.let_go
        || (0..state.placed.len()).all(|place| {
            state.placed[place].phase == Phase::Over || state.hangs_up(place) || state.may_be_unknown(place)
        })
}

/// Checks that everything is done if nothing can happen any more.
pub(super) fn ends_settled(state: &State) -> bool {
    !state.actions().is_empty()
        || (state.call.as_ref().is_some_and(|call| is_settled(call))
            && state.events.iter().filter(|event| **event == EventType::CallEnded).count() == 1
            && state.index.is_none()
            && state.consumers.iter().all(|consumer| *consumer == Consumer::Idle)
            && state.placed.iter().all(|placed| placed.phase == Phase::Over))
}
