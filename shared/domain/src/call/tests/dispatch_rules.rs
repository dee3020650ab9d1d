//! Tests of the conditions under which a call is dialled.

use super::{
    History, START, accepted_for, answered, at, claim, close, found, full, heard, hung_up, id, limited, not_found,
    not_placed, outcome, over, placed_as, refused, unknown,
};
use crate::call::{Dispatch, Duty, Input, Report, Status, Window};
use crate::dispatch::{LEASE, MAX_FAILURES};
use crate::end_reason::EndReason;
use crate::log::EventType;
use crate::objections::Objections;
use crate::obligation::ENQUEUE_GRACE;
use crate::schedule::{due_at, next_action, wake_at};
use crate::time::Span;

#[test]
fn a_call_that_was_just_accepted_is_to_be_dialled_at_once() {
    let call = History::new().call;
    assert_eq!(next_action(&call, START), Some(Duty::Dial));
    assert_eq!(wake_at(&call), Some(START));
    assert_eq!(due_at(&call), Some(START + ENQUEUE_GRACE));
}

#[test]
fn a_claim_is_granted_once() {
    let first = History::new().then(0, claim());
    assert_eq!((first.claimed(), first.call.status), (Some(1), Status::Dispatching));
    assert_eq!(first.then(0, claim()).claimed(), None);
}

#[test]
fn a_closed_call_is_never_dialled() {
    let closed = History::new().then(1, close());
    assert_eq!(closed.events, [EventType::CallEnded]);
    assert_eq!(due_at(&closed.call), None);
    assert_eq!(closed.then(2, claim()).claimed(), None);
}

#[test]
fn a_call_is_not_dialled_before_its_window_and_not_from_its_end_on() {
    let window = Window { not_before: at(100), not_after: at(200) };
    let early = History::of(accepted_for(window)).then(99, claim());
    assert_eq!((early.claimed(), early.call.status), (None, Status::Queued));
    assert_eq!(History::of(accepted_for(window)).then(100, claim()).claimed(), Some(1));
    let late = History::of(accepted_for(window)).then(200, claim());
    assert_eq!((late.claimed(), late.end_reason()), (None, Some("dispatch_deadline_exceeded")));
}

#[test]
fn a_turn_at_the_providers_account_is_waited_for_and_one_that_has_come_by_now_is_taken_at_once() {
    for (from, now) in [(at(5), 2), (at(2), 2), (at(1), 2)] {
        let paced = History::new().then(now, Input::Pace { from });
        assert!(paced.call.has_slot(), "{from}");
        assert_eq!(wake_at(&paced.call), Some(from));
        assert_eq!(paced.then(5, claim()).claimed(), Some(1));
    }
    let waiting = History::new().then(2, Input::Pace { from: at(5) });
    assert_eq!(next_action(&waiting.call, at(4)), None);
    // An attempt gets one token.
    assert_eq!(wake_at(&waiting.then(3, Input::Pace { from: at(9) }).call), Some(at(5)));
}

#[test]
fn a_window_that_opens_later_than_a_message_can_be_delayed_is_left_to_the_index() {
    let call = accepted_for(Window { not_before: at(3_600), not_after: at(7_200) });
    assert_eq!(wake_at(&call), None);
    assert_eq!(due_at(&call), Some(at(3_600)));
}

#[test]
fn whoever_opted_out_or_belongs_to_a_suspended_organization_is_not_dialled() {
    let suppressed = History::new().then(1, Input::Claim { objections: Objections::SUPPRESSED, places: None });
    assert_eq!((suppressed.claimed(), suppressed.end_reason()), (None, Some("do_not_call")));
    let suspended = History::new()
        .then(1, Input::Claim { objections: Objections { suppressed: true, ..Objections::SUSPENDED }, places: None });
    assert_eq!((suspended.claimed(), suspended.end_reason()), (None, Some("organization_suspended")));
}

#[test]
fn a_call_that_finds_no_place_waits_and_does_not_fail() {
    let mut waiting = History::new();
    let mut asked = Vec::new();
    while waiting.end_reason().is_none() {
        let now = due_at(&waiting.call).unwrap().min(wake_at(&waiting.call).unwrap_or(at(900)));
        asked.push(now);
        let seconds = u32::try_from(now.since(START).as_seconds_rounded_up()).unwrap();
        waiting = waiting.then(seconds, full());
        assert_eq!((waiting.claimed(), waiting.call.attempt), (None, 0));
    }
    assert_eq!(waiting.end_reason(), Some("dispatch_deadline_exceeded"));
    let waits: Vec<i64> = asked.windows(2).map(|pair| pair[1].since(pair[0]).as_seconds()).collect();
    assert!(waits.iter().all(|wait| (0..=33).contains(wait)), "{waits:?}");
    assert!(waits.len() < 60, "it asks more seldom the longer it waits: {waits:?}");
}

#[test]
fn a_place_is_kept_for_as_long_as_anything_may_be_open_at_the_provider() {
    let has_place = |history: &History| history.call.place.is_some();
    let claimed = History::new().then(0, limited(3, 2));
    assert!(claimed.claimed() == Some(1) && has_place(&claimed));
    let again = claimed.then(1, outcome(1, not_placed(None)));
    assert!(!has_place(&again), "an attempt that never happened");
    let again = again.then(3, limited(3, 2));
    assert!(has_place(&again));
    let unknown = again.then(4, outcome(2, unknown())).then(5, close());
    assert!(has_place(&unknown), "closed, and perhaps live at the provider");
    let found = unknown.then(9, found(2, "A", &[Report::Ringing]));
    assert!(has_place(&found), "found, and to be hung up");
    assert!(!has_place(&found.then(10, hung_up("A", true))));
}

#[test]
fn an_attempt_that_never_happened_is_made_again_after_a_while() {
    let queued = History::new().then(0, claim()).then(1, outcome(1, not_placed(None)));
    assert_eq!(queued.call.status, Status::Queued);
    assert_eq!(wake_at(&queued.call), Some(at(2)));
    assert_eq!(queued.then(2, claim()).claimed(), Some(2));
}

#[test]
fn a_provider_that_wants_to_be_left_alone_is() {
    let queued = History::new().then(0, claim()).then(1, outcome(1, not_placed(Some(Span::seconds(90)))));
    assert_eq!(wake_at(&queued.call), Some(at(91)));
    assert_eq!(queued.then(90, claim()).claimed(), None);
}

#[test]
fn attempts_that_never_happen_come_to_an_end() {
    let mut call = History::of(accepted_for(Window { not_before: START, not_after: at(3_600) }));
    let mut now = 0;
    for attempt in 1..=MAX_FAILURES {
        call = call.then(now, claim()).then(now, outcome(attempt, not_placed(None)));
        now += 60;
    }
    assert_eq!(call.end_reason(), Some("provider_unavailable"));
    assert_eq!(due_at(&call.call), None);
}

#[test]
fn a_refusal_ends_the_call_at_once() {
    let call = History::new().then(0, claim()).then(1, outcome(1, refused()));
    assert_eq!((call.end_reason(), due_at(&call.call)), (Some("rejected"), None));
    assert_eq!(call.events, [EventType::CallEnded]);
}

#[test]
fn an_unknown_outcome_is_never_asked_again() {
    let mut call = History::new().then(0, claim()).then(10, outcome(1, unknown()));
    for _ in 0..40 {
        let Some(due) = due_at(&call.call) else { break };
        let seconds = u32::try_from(due.since(START).as_seconds_rounded_up()).unwrap();
        assert_ne!(next_action(&call.call, due), Some(Duty::Dial));
        call = call.then(seconds, claim());
        assert_eq!(call.claimed(), None);
        call = call.then(seconds, not_found(1));
    }
    assert_eq!(call.end_reason(), Some("dispatch_unconfirmed"));
    assert_eq!(due_at(&call.call), None, "it is not looked for for ever");
}

#[test]
fn a_consumer_that_dies_with_its_lease_leaves_an_unknown_outcome() {
    let asking = History::new().then(0, claim());
    assert_eq!(due_at(&asking.call), Some(START + LEASE));
    let lapsed = asking.then(60, Input::Tick);
    assert!(matches!(lapsed.call.dispatch, Dispatch::Unknown(_)));
    assert_eq!(next_action(&lapsed.call, at(65)), Some(Duty::Search));
}

#[test]
fn an_unknown_outcome_is_settled_by_a_callback_that_names_the_attempt() {
    let call = History::new().then(0, claim()).then(10, outcome(1, unknown())).then(12, heard(1, "A", &[answered(12)]));
    assert_eq!((call.call.status, call.call.provider_call_id), (Status::InProgress, Some(id("A"))));
    assert_eq!(call.events, [EventType::CallStarted]);
}

#[test]
fn an_unknown_outcome_is_settled_by_a_search() {
    let call = History::new().then(0, claim()).then(10, outcome(1, unknown())).then(15, not_found(1));
    let call = call.then(25, found(1, "A", &[Report::Ringing]));
    assert_eq!((call.call.status, call.call.provider_call_id), (Status::Ringing, Some(id("A"))));
}

#[test]
fn a_callback_may_come_before_the_provider_has_answered() {
    let call = History::new().then(0, claim()).then(1, heard(1, "A", &[Report::Ringing]));
    let call = call.then(2, outcome(1, placed_as("A")));
    assert_eq!(call.call.status, Status::Ringing);
    assert!(call.call.strays.is_empty());
}

#[test]
fn what_a_dead_consumer_says_of_an_older_attempt_is_not_believed_of_the_newer() {
    let call = History::new().then(0, claim()).then(1, outcome(1, not_placed(None))).then(2, claim());
    let call = call.then(3, outcome(1, refused())).then(3, outcome(1, not_placed(None))).then(3, outcome(1, unknown()));
    assert!(matches!(call.call.dispatch, Dispatch::Asking(_)));
}

#[test]
fn a_second_call_for_an_attempt_is_hung_up() {
    let call = History::new().then(0, claim()).then(1, outcome(1, placed_as("A")));
    let call = call.then(2, heard(1, "B", &[Report::Ringing]));
    assert_eq!(call.call.provider_call_id, Some(id("A")));
    assert_eq!(next_action(&call.call, at(2)), Some(Duty::HangUp(id("B"))));
}

#[test]
fn a_call_that_the_provider_had_refused_is_hung_up() {
    let call =
        History::new().then(0, claim()).then(1, outcome(1, refused())).then(2, heard(1, "A", &[Report::Ringing]));
    assert_eq!(next_action(&call.call, at(2)), Some(Duty::HangUp(id("A"))));
}

#[test]
fn a_stray_call_that_is_over_is_not_hung_up() {
    let call =
        History::new().then(0, claim()).then(1, outcome(1, refused())).then(2, heard(1, "A", &[Report::Ringing]));
    let call = call.then(3, heard(1, "A", &[over(3, EndReason::NO_ANSWER)]));
    assert!(call.call.strays.is_empty());
    assert_eq!(due_at(&call.call), None);
    assert_eq!(call.end_reason(), Some("rejected"));
}
