//! Tests of a call's end, and of the actions and events after it.

use super::{
    History, START, analysis, answered, at, claim, close, found, heard, hung_up, id, not_found, outcome, over,
    placed_as, polled, transcript, unknown,
};
use crate::call::{Dispatch, Duty, Input, Report, Status};
use crate::end_reason::EndReason;
use crate::log::EventType;
use crate::schedule::{due_at, next_action};

/// Returns a call that the provider has had since the first second.
fn placed() -> History {
    History::new().then(0, claim()).then(1, outcome(1, placed_as("A")))
}

fn connected() -> History {
    placed().then(5, heard(1, "A", &[Report::Ringing])).then(10, heard(1, "A", &[answered(10)]))
}

#[test]
fn a_call_goes_through_its_statuses_and_tells_three_events() {
    let call = connected();
    assert_eq!(call.call.status, Status::InProgress);
    let call = call.then(30, heard(1, "A", &[over(30, EndReason::COMPLETED), transcript()]));
    let call = call.then(40, heard(1, "A", &[analysis(false)]));
    assert_eq!(call.events, [EventType::CallStarted, EventType::CallEnded, EventType::CallAnalyzed]);
    assert_eq!((call.end_reason(), call.call.duration_seconds()), (Some("completed"), 20));
    assert_eq!(due_at(&call.call), None);
}

#[test]
fn reports_in_reverse_order_tell_the_same_events_in_the_right_order() {
    let call = placed().then(30, heard(1, "A", &[analysis(false)])).then(31, heard(1, "A", &[transcript()]));
    let ended = Report::Ended {
        at: at(30),
        reason: EndReason::COMPLETED,
        started_at: Some(at(10)),
        answered_by: None,
        duration_seconds: Some(20),
        ended_by: None,
    };
    let call = call.then(32, heard(1, "A", &[ended])).then(33, heard(1, "A", &[answered(10)]));
    let call = call.then(34, heard(1, "A", &[Report::Ringing]));
    assert_eq!(call.events, [EventType::CallStarted, EventType::CallEnded, EventType::CallAnalyzed]);
    assert_eq!((call.call.started_at, call.call.ended_at), (Some(at(10)), Some(at(30))));
}

#[test]
fn the_end_absorbs_whatever_comes_after_it() {
    let call = connected().then(20, close()).then(21, heard(1, "A", &[over(21, EndReason::COMPLETED)]));
    let call = call.then(22, heard(1, "A", &[Report::Ringing])).then(23, close());
    assert_eq!((call.call.status, call.end_reason()), (Status::Ended, Some("admin_closed")));
    assert_eq!(call.call.ended_at, Some(at(20)));
}

#[test]
fn a_status_never_moves_back() {
    assert_eq!(connected().then(11, heard(1, "A", &[Report::Ringing])).call.status, Status::InProgress);
}

#[test]
fn a_closed_call_is_hung_up_until_the_provider_confirms() {
    let call = connected().then(20, close());
    assert_eq!(next_action(&call.call, at(20)), Some(Duty::HangUp(id("A"))));
    let call = call.then(20, hung_up("A", false));
    assert_eq!(next_action(&call.call, at(20)), None);
    assert_eq!(next_action(&call.call, at(21)), Some(Duty::HangUp(id("A"))));
    let call = call.then(21, hung_up("A", true));
    assert_eq!(call.call.dispatch, Dispatch::Settled);
}

#[test]
fn the_closing_event_waits_for_the_hanging_up_and_the_transcript() {
    let call = connected().then(20, close()).then(21, hung_up("A", true));
    assert_eq!(call.events, [EventType::CallStarted]);
    assert_eq!(call.then(22, heard(1, "A", &[transcript()])).events, [EventType::CallStarted, EventType::CallEnded]);
}

#[test]
fn the_closing_event_waits_for_a_minute_at_most() {
    let call = connected().then(20, close()).then(79, Input::Tick);
    assert_eq!(call.events, [EventType::CallStarted]);
    assert_eq!(call.then(80, Input::Tick).events, [EventType::CallStarted, EventType::CallEnded]);
}

#[test]
fn a_transcript_that_never_comes_is_not_waited_for() {
    let none = Report::Transcript { utterances: Vec::new() };
    let call = connected().then(30, heard(1, "A", &[over(30, EndReason::COMPLETED), none]));
    assert_eq!(call.events, [EventType::CallStarted, EventType::CallEnded]);
}

#[test]
fn a_call_closed_while_the_provider_is_asked_is_hung_up_when_it_is_found() {
    let call = History::new().then(0, claim()).then(1, close()).then(10, outcome(1, unknown()));
    assert_eq!(call.call.status, Status::Ended);
    assert_eq!(next_action(&call.call, at(15)), Some(Duty::Search));
    let call = call.then(15, found(1, "A", &[Report::Ringing]));
    assert_eq!(next_action(&call.call, at(15)), Some(Duty::HangUp(id("A"))));
}

#[test]
fn a_call_given_up_as_unconfirmed_is_still_looked_for_and_hung_up() {
    let call = History::new().then(0, claim()).then(10, outcome(1, unknown())).then(90, not_found(1));
    assert_eq!((call.end_reason(), call.events.len()), (Some("dispatch_unconfirmed"), 1));
    assert!(due_at(&call.call).is_some());
    let call = call.then(200, heard(1, "A", &[answered(150)]));
    assert_eq!(next_action(&call.call, at(200)), Some(Duty::HangUp(id("A"))));
    assert_eq!(call.events, [EventType::CallEnded], "the closing event is out: nothing starts behind it");
}

/// Returns a ringing call that reaches its ring time 61 seconds after its acceptance.
fn rung_out() -> History {
    let call = placed().then(5, heard(1, "A", &[Report::Ringing]));
    assert_eq!(next_action(&call.call, at(60)), None);
    assert_eq!(next_action(&call.call, at(61)), Some(Duty::Poll));
    call
}

#[test]
fn a_call_that_rings_for_too_long_is_ended_as_not_answered_once_the_provider_was_asked() {
    let call = rung_out().then(61, polled("A", Some(&[Report::Ringing])));
    assert_eq!(call.end_reason(), Some("no_answer"));
    assert_eq!(next_action(&call.call, at(61)), Some(Duty::HangUp(id("A"))));
}

#[test]
fn what_the_provider_knows_goes_before_the_ring_time() {
    let ended = Report::Ended {
        at: at(30),
        reason: EndReason::COMPLETED,
        started_at: Some(at(10)),
        answered_by: None,
        duration_seconds: Some(20),
        ended_by: None,
    };
    let call = rung_out().then(61, polled("A", Some(&[ended])));
    assert_eq!((call.end_reason(), call.call.started_at), (Some("completed"), Some(at(10))));
    let answered = rung_out().then(61, polled("A", Some(&[answered(10)])));
    assert_eq!(answered.call.status, Status::InProgress);
}

#[test]
fn a_provider_that_does_not_answer_for_a_call_at_its_limit_is_asked_again_and_then_has_lost_it() {
    let mut call = rung_out();
    for seconds in [61, 71, 81] {
        assert_eq!(next_action(&call.call, at(seconds)), Some(Duty::Poll));
        call = call.then(seconds, polled("A", None)).then(seconds, Input::Tick);
        assert_eq!((call.end_reason(), next_action(&call.call, at(seconds + 9))), (None, None));
    }
    assert_eq!(call.clone().then(85, polled("A", Some(&[]))).end_reason(), Some("no_answer"));
    assert_eq!(call.then(91, Input::Tick).end_reason(), Some("provider_lost"));
}

#[test]
fn a_call_that_lasts_for_too_long_is_ended_once_the_provider_was_asked() {
    let limit = 10 + 1_800 + 15;
    let call = connected().then(limit - 30, polled("A", Some(&[])));
    assert_eq!((call.end_reason(), next_action(&call.call, at(limit - 1))), (None, None));
    assert_eq!(next_action(&call.call, at(limit)), Some(Duty::Poll));
    assert_eq!(call.clone().then(limit, polled("A", Some(&[]))).end_reason(), Some("max_duration_exceeded"));
    let silent = call.then(limit, polled("A", None)).then(limit + 30, Input::Tick);
    assert_eq!(silent.end_reason(), Some("provider_lost"));
}

#[test]
fn a_live_call_without_news_is_asked_for() {
    let call = connected();
    assert_eq!(next_action(&call.call, at(69)), None);
    assert_eq!(next_action(&call.call, at(70)), Some(Duty::Poll));
    let call = call.then(70, polled("A", None));
    assert_eq!(next_action(&call.call, at(129)), None);
    assert_eq!(next_action(&call.call, at(130)), Some(Duty::Poll));
}

#[test]
fn an_analysis_is_told_after_the_end_and_once() {
    let call = connected().then(15, heard(1, "A", &[analysis(false)]));
    assert_eq!(call.events, [EventType::CallStarted]);
    let call = call.then(30, heard(1, "A", &[over(30, EndReason::COMPLETED), transcript()]));
    let call = call.then(31, heard(1, "A", &[analysis(false)]));
    assert_eq!(call.events, [EventType::CallStarted, EventType::CallEnded, EventType::CallAnalyzed]);
}

#[test]
fn an_opt_out_in_the_analysis_suppresses_the_number_once() {
    let call = connected().then(15, heard(1, "A", &[analysis(true)]));
    assert!(call.last.as_ref().is_some_and(|step| step.opt_out));
    assert!(call.events.contains(&EventType::ContactOptOut));
    let again = call.then(16, heard(1, "A", &[analysis(true)]));
    assert!(again.last.is_some_and(|step| !step.opt_out));
}

#[test]
fn a_provider_with_a_wrong_clock_moves_nothing_out_of_order() {
    let from_the_future = over(30, EndReason::COMPLETED);
    let call = placed().then(20, heard(1, "A", &[answered(0)])).then(25, heard(1, "A", &[from_the_future]));
    assert_eq!((call.call.started_at, call.call.ended_at), (Some(START), Some(at(25))));
}

#[test]
fn what_makes_no_progress_is_ended_and_then_let_go() {
    let call = connected().then(100, Input::Abandon);
    assert_eq!(call.end_reason(), Some("internal_error"));
    assert_eq!(next_action(&call.call, at(100)), Some(Duty::HangUp(id("A"))));
    let call = call.then(200, Input::Abandon);
    assert_eq!((call.call.dispatch.clone(), due_at(&call.call)), (Dispatch::Settled, None));
    assert_eq!(call.events, [EventType::CallStarted, EventType::CallEnded]);
}

#[test]
fn a_call_whose_transcript_or_analysis_got_lost_is_asked_for() {
    let lost = connected().then(20, polled("A", Some(&[over(20, EndReason::COMPLETED)])));
    assert_eq!((lost.end_reason(), lost.events.len()), (Some("completed"), 1), "it waits for the transcript");
    assert_eq!(next_action(&lost.call, at(79)), None);
    assert_eq!(next_action(&lost.call, at(80)), Some(Duty::Poll));
    let silent = lost.clone().then(80, polled("A", None));
    assert_eq!(silent.events.last(), Some(&EventType::CallEnded), "it goes out without");

    for ended in [silent, lost.then(25, heard(1, "A", &[transcript()]))] {
        assert_eq!(ended.events.last(), Some(&EventType::CallEnded), "the analysis may be late");
        assert_eq!(next_action(&ended.call, at(139)), None);
        assert_eq!(next_action(&ended.call, at(140)), Some(Duty::Poll));
        let without = ended.clone().then(140, polled("A", Some(&[over(20, EndReason::COMPLETED)])));
        assert_eq!(due_at(&without.call), None, "there is none");
        let reports = [over(20, EndReason::COMPLETED), transcript(), analysis(false)];
        let analysed = ended.then(141, polled("A", Some(&reports)));
        assert_eq!(analysed.events, [EventType::CallStarted, EventType::CallEnded, EventType::CallAnalyzed]);
        assert_eq!(due_at(&analysed.call), None);
    }
}

#[test]
fn an_analysis_is_asked_for_again_while_the_provider_does_not_answer_for_an_hour() {
    let mut ended = connected().then(20, heard(1, "A", &[over(20, EndReason::COMPLETED), transcript()]));
    for minutes in [2, 4, 8, 16, 32, 64] {
        let asked_at = 20 + minutes * 60;
        assert_eq!(next_action(&ended.call, at(asked_at - 1)), None);
        assert_eq!(next_action(&ended.call, at(asked_at)), Some(Duty::Poll));
        let reports = [over(20, EndReason::COMPLETED), transcript(), analysis(true)];
        let answered = ended.clone().then(asked_at, polled("A", Some(&reports)));
        let told = [EventType::CallAnalyzed, EventType::ContactOptOut];
        assert!(answered.events.ends_with(&told), "{:?} after {minutes} minutes", answered.events);
        ended = ended.then(asked_at, polled("A", None));
    }
    assert_eq!(due_at(&ended.call), None, "it is asked no more");
}
