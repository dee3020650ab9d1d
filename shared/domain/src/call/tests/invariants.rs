//! Invariants of every state, of every pending action in it, and of every step from it.

use std::collections::BTreeSet;

use super::{claim, found, full, hung_up, not_found, polled};
use crate::call::{Call, Closing, Dispatch, Duty, Input, Outcome, Report, Status, Step, Transcript, step};
use crate::conversation::Conversation;
use crate::end_reason::EndReason;
use crate::log::{Entry, EventType};
use crate::objections::Objections;
use crate::obligation::{ENQUEUE_GRACE, Obligation};
use crate::phone::PhoneNumber;
use crate::schedule::{due_at, next_action, wake_at};
use crate::time::{Span, Timestamp};

/// Checks that a call that is not settled is due, and that the parts of the call agree with each other.
pub(super) fn of_a_state(call: &Call) {
    let settled = call.is_ended()
        && call.closing == Closing::Announced
        && call.dispatch == Dispatch::Settled
        && call.strays.is_empty();
    let connected = call.started_at.is_some() && call.provider_call_id.is_some();
    let told = !connected || call.facts.analysis.is_some() || call.facts.analysis_sought;
    assert_eq!(call.is_settled(), settled && told, "{call:?}");
    assert_eq!(due_at(call).is_none(), settled && told && call.forgotten, "{call:?}");
    assert_eq!(call.is_ended(), call.ended_at.is_some() && call.end_reason.is_some(), "{call:?}");
    assert_eq!(call.is_ended(), call.closing != Closing::Open, "{call:?}");
    assert!(call.started_at.zip(call.ended_at).is_none_or(|(started, ended)| started <= ended), "{call:?}");
    if let Dispatch::Live { hang_up, .. } = &call.dispatch {
        assert_eq!(hang_up.is_some(), call.is_ended(), "{call:?}");
        assert!(call.provider_call_id.is_some(), "{call:?}");
    }
    if matches!(call.dispatch, Dispatch::Waiting { .. }) {
        assert_eq!(call.status, Status::Queued, "{call:?}");
    }
    let strays: BTreeSet<_> = call.strays.iter().map(|stray| &stray.call_id).collect();
    assert_eq!(strays.len(), call.strays.len(), "{call:?}");
    assert!(call.provider_call_id.iter().all(|own| !strays.contains(own)), "{call:?}");
}

/// Checks that a stored call is read back unchanged.
pub(super) fn of_storage(call: &Call) {
    let stored = serde_json::to_string(call).unwrap();
    assert_eq!(&serde_json::from_str::<Call>(&stored).unwrap(), call);
}

/// Checks that the index returns a call with a pending action, at most [`ENQUEUE_GRACE`] late, and that the action
/// makes progress.
pub(super) fn of_what_is_due(call: &Call, now: Timestamp) {
    let owed = call.obligations();
    let due = due_at(call);
    assert!(owed.iter().all(|owed| due.is_some_and(|due| due <= owed.at + ENQUEUE_GRACE)), "{call:?}");
    assert_eq!(wake_at(call), owed.iter().filter(|owed| owed.prompt).map(|owed| owed.at).min());
    let overdue: Vec<&Obligation<Duty>> = owed.iter().filter(|owed| owed.at <= now).collect();
    let Some(duty) = next_action(call, now) else {
        assert!(overdue.is_empty() && due.is_none_or(|due| due > now), "{call:?} at {now}");
        return;
    };
    let earliest = overdue.iter().map(|owed| owed.at).min();
    for input in answers(call, &duty) {
        let after = step(call, input.clone(), now).call;
        let stands = after.obligations().iter().any(|owed| owed.duty == duty && Some(owed.at) == earliest);
        assert!(!stands, "{input:?} at {now} makes no progress with {call:?}");
    }
}

/// Returns the possible results of an action.
fn answers(call: &Call, duty: &Duty) -> Vec<Input> {
    match duty {
        Duty::Dial => vec![claim(), full(), Input::Claim { objections: Objections::SUPPRESSED, places: None }],
        Duty::Search => vec![not_found(call.attempt), found(call.attempt, "C", &[Report::Ringing])],
        Duty::Poll => {
            let call_id = call.provider_call_id.as_ref().unwrap().as_str();
            vec![polled(call_id, None), polled(call_id, Some(&[]))]
        }
        Duty::HangUp(call_id) => vec![hung_up(call_id.as_str(), true), hung_up(call_id.as_str(), false)],
        Duty::PassTime => vec![Input::Tick],
    }
}

/// Checks the invariants of a step.
pub(super) fn of_a_step(before: &Call, input: &Input, now: Timestamp, step: &Step) {
    let context = || format!("{input:?} at {now} on {before:?} gave {step:?}");
    of_a_state(&step.call);
    of_the_status(before, input, step, &context);
    of_a_claim(before, input, now, step, &context);
    of_the_log(before, step, &context);
    of_the_facts(before, now, step, &context);
    of_a_duplicate(before, input, now, step, &context);
}

fn of_the_status(before: &Call, input: &Input, step: &Step, context: &dyn Fn() -> String) {
    let after = &step.call;
    let not_placed = matches!(
        input,
        Input::Outcome { attempt, outcome: Outcome::NotPlaced { .. } } if *attempt == before.attempt
    );
    let took_back = not_placed
        && (before.status, after.status) == (Status::Dispatching, Status::Queued)
        && matches!(before.dispatch, Dispatch::Asking(_) | Dispatch::Unknown(_))
        && matches!(after.dispatch, Dispatch::Waiting { .. });
    assert!(before.status <= after.status || took_back, "{}", context());
    if matches!(after.dispatch, Dispatch::Waiting { .. }) && !matches!(before.dispatch, Dispatch::Waiting { .. }) {
        assert!(took_back, "{}", context());
    }
    if before.is_ended() {
        let end = |call: &Call| (call.status, call.end_reason.clone(), call.ended_at);
        assert_eq!(end(before), end(after), "{}", context());
    }
    if matches!(input, Input::Close { .. }) {
        assert!(after.is_ended(), "{}", context());
    }
    // `no_answer` and `max_duration_exceeded` follow from a provider's news, never from time alone.
    let told = [EndReason::NO_ANSWER, EndReason::MAX_DURATION_EXCEEDED];
    if !before.is_ended() && after.end_reason.as_ref().is_some_and(|reason| told.contains(reason)) {
        assert!(brings_news(input), "{}", context());
    }
}

/// Returns `true` if the input carries a provider's news about a call that it has.
fn brings_news(input: &Input) -> bool {
    match input {
        Input::Heard { reports, .. }
        | Input::Searched { found: Some((_, reports)), .. }
        | Input::Adopted { reports, .. }
        | Input::Polled { reports: Some(reports), .. } => {
            matches!(input, Input::Polled { .. }) || reports.iter().any(|report| matches!(report, Report::Ended { .. }))
        }
        Input::Searched { found: None, .. }
        | Input::Polled { reports: None, .. }
        | Input::Close { .. }
        | Input::Claim { .. }
        | Input::Outcome { .. }
        | Input::TakenAway { .. }
        | Input::HungUp { .. }
        | Input::Tick
        | Input::Pace { .. }
        | Input::Abandon => false,
    }
}

fn of_a_claim(before: &Call, input: &Input, now: Timestamp, step: &Step, context: &dyn Fn() -> String) {
    let after = &step.call;
    let asks = matches!(after.dispatch, Dispatch::Asking(_)) && !matches!(before.dispatch, Dispatch::Asking(_));
    assert_eq!(asks, step.claimed.is_some(), "{}", context());
    let Some(attempt) = step.claimed else {
        assert_eq!(before.attempt, after.attempt, "{}", context());
        return;
    };
    assert_eq!(*input, claim(), "{}", context());
    assert!(matches!(before.dispatch, Dispatch::Waiting { from, .. } if from <= now), "{}", context());
    assert!(!before.is_ended() && now < before.window.not_after, "{}", context());
    assert_eq!((before.attempt + 1, after.attempt), (attempt, attempt), "{}", context());
    assert_eq!(after.status, Status::Dispatching, "{}", context());
}

fn of_the_log(before: &Call, step: &Step, context: &dyn Fn() -> String) {
    let after = &step.call;
    let (mut number, mut sequence) = (before.log_length, before.sequence);
    let mut events = Vec::new();
    for entry in &step.log {
        number += 1;
        assert_eq!(entry.number, number, "{}", context());
        if let Entry::Event { sequence: given, event } = &entry.entry {
            sequence += 1;
            assert_eq!(*given, sequence, "{}", context());
            events.push(event.event_type());
        }
    }
    assert_eq!((number, sequence), (after.log_length, after.sequence), "{}", context());
    if step.call == *before {
        assert!(step.log.is_empty() && step.transcript.is_none() && !step.opt_out, "{}", context());
    }
    let place = |wanted| events.iter().position(|event| *event == wanted);
    let announced = |call: &Call| call.closing == Closing::Announced;
    let (started, ended) = (place(EventType::CallStarted), place(EventType::CallEnded));
    let analysed = place(EventType::CallAnalyzed);
    let starts = before.started_at.is_none() && after.started_at.is_some() && !announced(before);
    assert_eq!(started.is_some(), starts, "{}", context());
    assert_eq!(ended.is_some(), !announced(before) && announced(after), "{}", context());
    let analyses = !before.facts.analysis_announced && after.facts.analysis_announced;
    assert_eq!(analysed.is_some(), analyses, "{}", context());
    let has_analysis = after.facts.analysis.is_some() || (after.forgotten && after.facts.analysis_announced);
    assert_eq!(after.facts.analysis_announced, has_analysis && announced(after), "{}", context());
    assert_eq!(place(EventType::ContactOptOut).is_some(), step.opt_out, "{}", context());
    assert!(started.is_none() || ended.is_none() || started < ended, "{}", context());
    assert!(analysed.is_none() || announced(before) || ended < analysed, "{}", context());
    let different: BTreeSet<_> = events.iter().collect();
    assert_eq!(different.len(), events.len(), "{}", context());
}

/// Checks that facts are kept once they are known, and are told once.
fn of_the_facts(before: &Call, now: Timestamp, step: &Step, context: &dyn Fn() -> String) {
    fn kept<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> bool {
        before.is_none() || before == after
    }
    let after = &step.call;
    let (had, has) = (&before.facts, &after.facts);
    if after.forgotten && !before.forgotten {
        of_forgetting(before, now, step, context);
        return;
    }
    let all_kept = kept(before.started_at.as_ref(), after.started_at.as_ref())
        && kept(before.provider_call_id.as_ref(), after.provider_call_id.as_ref())
        && kept(had.answered_by.as_ref(), has.answered_by.as_ref())
        && kept(had.duration_seconds.as_ref(), has.duration_seconds.as_ref())
        && kept(had.recording.as_ref(), has.recording.as_ref())
        && kept(had.analysis.as_ref(), has.analysis.as_ref())
        && kept(had.cost.as_ref(), has.cost.as_ref())
        && (had.transcript == Transcript::Awaited || had.transcript == has.transcript);
    assert!(all_kept, "{}", context());
    assert_eq!(after.to == PhoneNumber::erased(), after.forgotten, "{}", context());
    let stores = had.transcript != Transcript::Stored && has.transcript == Transcript::Stored;
    assert_eq!(step.transcript.is_some(), stores, "{}", context());
    assert!(!step.opt_out || had.analysis.is_none(), "{}", context());
}

/// Checks that a call becomes a tombstone only if no other action is pending and its retention is over. Only the
/// tombstone is left then.
fn of_forgetting(before: &Call, now: Timestamp, step: &Step, context: &dyn Fn() -> String) {
    let due = before.ended_at.zip(before.retention).map(|(ended_at, retention)| retention.end(ended_at));
    assert!(before.is_settled() && due.is_some_and(|due| now >= due), "{}", context());
    let (had, has) = (&before.facts, &step.call.facts);
    assert_eq!((&has.recording, &has.analysis, has.transcript), (&None, &None, Transcript::Absent), "{}", context());
    assert_eq!((had.duration_seconds, &had.cost), (has.duration_seconds, &has.cost), "{}", context());
    assert_eq!((&before.fingerprint, before.id), (&step.call.fingerprint, step.call.id), "{}", context());
    assert!(step.transcript.is_none() && !step.opt_out, "{}", context());
}

/// Checks that a duplicate has no effect. At the same time it changes nothing. Later it changes only the time of the
/// last news.
fn of_a_duplicate(before: &Call, input: &Input, now: Timestamp, first: &Step, context: &dyn Fn() -> String) {
    let counts_tries = matches!(
        input,
        Input::Searched { found: None, .. }
            | Input::HungUp { .. }
            | Input::Polled { reports: None, .. }
            | Input::Abandon
    );
    // The result of a search is applied only if the search was requested.
    let unasked = matches!(input, Input::Searched { .. }) && !matches!(before.dispatch, Dispatch::Unknown(_));
    // If a deadline has passed, the second of two equal inputs finds a different call.
    let timely = before.obligations().iter().any(|owed| owed.at <= now && owed.duty == Duty::PassTime);
    if counts_tries || unasked || timely {
        return;
    }
    let again = step(&first.call, input.clone(), now);
    assert_eq!(again.call, first.call, "a duplicate: {}", context());
    let later = now + Span::milliseconds(1);
    if next_action(&first.call, later).is_none() {
        let again = step(&first.call, input.clone(), later);
        assert_eq!(without_news(again.call), without_news(first.call.clone()), "a late duplicate: {}", context());
        assert!(again.log.is_empty(), "a late duplicate: {}", context());
    }
}

fn without_news(mut call: Call) -> Call {
    if let Dispatch::Live { next_poll_at, .. } = &mut call.dispatch {
        *next_poll_at = super::START;
    }
    call
}
