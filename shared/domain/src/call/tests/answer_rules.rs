//! Tests of the answering party, of the ending party, and of claimed calls that belong to another conversation.

use super::{History, accepted, at, claim, close, heard, id, outcome, unknown};
use crate::call::{AnsweredBy, Call, Closing, Dispatch, Input, Report, Status, Transcript};
use crate::conversation::Conversation;
use crate::dispatch;
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::holder::{HeldBy, Holder};
use crate::ids::{ConversationId, Operation};
use crate::provider::Provider;
use crate::schedule::next_action;

/// Returns a call at a provider that makes no transcripts, and that does not list our attempts.
fn at_twilio() -> Call {
    let mut call = Call { provider: Provider::Twilio, ..accepted() };
    call.facts.transcript = Transcript::Absent;
    call
}

/// Returns an answered call at a provider that reports machines separately.
fn live() -> History {
    History::of(at_twilio().detecting_machines(true))
        .then(1, claim())
        .then(2, heard(1, "A", &[Report::Answered { at: at(2), by: None }]))
}

fn detected(by: AnsweredBy) -> Report {
    Report::Answered { at: at(5), by: Some(by) }
}

fn completed() -> Report {
    Report::Ended {
        at: at(9),
        reason: EndReason::COMPLETED,
        started_at: Some(at(2)),
        answered_by: None,
        duration_seconds: Some(7),
        ended_by: None,
    }
}

#[test]
fn a_machine_that_answered_is_voicemail_in_whichever_order_the_two_reports_come() {
    let first = live().then(6, heard(1, "A", &[detected(AnsweredBy::Machine)])).then(9, heard(1, "A", &[completed()]));
    let last = live().then(9, heard(1, "A", &[completed()]));
    assert_eq!(last.end_reason(), Some("completed"));
    assert!(matches!(last.call.closing, Closing::Due { .. }), "its end is not announced yet");
    let last = last.then(10, heard(1, "A", &[detected(AnsweredBy::Machine)]));
    let both = live().then(9, heard(1, "A", &[completed(), detected(AnsweredBy::Machine)]));
    for call in [first, last, both] {
        assert_eq!((call.end_reason(), call.call.closing), (Some("voicemail"), Closing::Announced));
        assert_eq!(call.events.len(), 2, "started and ended, once each");
    }
}

#[test]
fn a_person_who_answered_or_nothing_that_is_told_of_leaves_it_completed() {
    let person = live().then(9, heard(1, "A", &[completed()])).then(10, heard(1, "A", &[detected(AnsweredBy::Human)]));
    let nothing = live().then(9, heard(1, "A", &[completed()])).then(24, Input::Tick);
    for call in [person, nothing] {
        assert_eq!((call.end_reason(), call.call.closing), (Some("completed"), Closing::Announced));
    }
    let late = live().then(9, heard(1, "A", &[completed()])).then(24, Input::Tick);
    let late = late.then(30, heard(1, "A", &[detected(AnsweredBy::Machine)]));
    assert_eq!((late.end_reason(), late.call.facts.answered_by), (Some("completed"), Some(AnsweredBy::Machine)));
}

#[test]
fn nothing_is_waited_for_that_was_not_asked_for() {
    let call = History::of(at_twilio());
    let call = call.then(1, claim()).then(9, heard(1, "A", &[completed()]));
    assert_eq!(call.call.closing, Closing::Announced);
    assert!(!accepted().detecting_machines(true).facts.detection_awaited, "the simulator tells with the end");
}

#[test]
fn a_client_that_closes_with_completed_is_told_from_a_call_that_completed() {
    let closed = live().then(9, Input::Close { reason: EndReason::given("completed") });
    let closed = closed.then(10, heard(1, "A", &[detected(AnsweredBy::Machine)]));
    assert_eq!((closed.end_reason(), closed.call.ended_by), (Some("completed"), Some(EndedBy::Client)));
    let hung_up = Report::Ended {
        at: at(9),
        reason: EndReason::COMPLETED,
        started_at: None,
        answered_by: None,
        duration_seconds: None,
        ended_by: Some(EndedBy::Callee),
    };
    let completed = live().then(9, heard(1, "A", &[hung_up]));
    assert_eq!((completed.end_reason(), completed.call.ended_by), (Some("completed"), Some(EndedBy::Callee)));
}

#[test]
fn what_the_service_ends_itself_is_its_own_doing() {
    let late = History::new().then(900, Input::Tick);
    assert_eq!((late.end_reason(), late.call.ended_by), (Some("dispatch_deadline_exceeded"), Some(EndedBy::Service)));
    assert_eq!(History::new().then(1, close()).call.ended_by, Some(EndedBy::Client));
}

fn somebody_else() -> Holder {
    let scope = accepted().scope;
    let conversation = ConversationId::for_key(&scope, Operation::CreateCall, "another");
    Holder { conversation, scope, message: None }
}

/// Returns an attempt with an unknown outcome, at a provider that does not list our attempts.
fn lost() -> History {
    History::of(at_twilio()).then(1, claim()).then(2, outcome(1, unknown()))
}

fn adopts(reports: &[Report]) -> Input {
    Input::Adopted { attempt: 1, call_id: id("B"), reports: reports.to_vec() }
}

fn taken_away() -> Input {
    Input::TakenAway { call_id: id("B"), to: somebody_else() }
}

#[test]
fn what_was_adopted_is_held_by_its_likeness_until_it_is_named() {
    let lost = lost();
    let held = |call: &Call, input| -> Vec<HeldBy> {
        let effects = call.advance(input, at(140)).effects;
        effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::HoldAtProvider { by, .. } => Some(by),
                _ => None,
            })
            .collect()
    };
    assert_eq!(held(&lost.call, adopts(&[])), [HeldBy::Likeness]);
    assert_eq!(held(&lost.call, heard(1, "B", &[Report::Ringing])), [HeldBy::Name]);
    let adopted = lost.then(140, adopts(&[Report::Ringing]));
    assert_eq!((adopted.call.adopted, adopted.call.status), (Some(at(1)), Status::Ringing));
    assert_eq!(held(&adopted.call, heard(1, "B", &[Report::Ringing])), [HeldBy::Name]);
    assert_eq!(adopted.then(141, heard(1, "B", &[Report::Ringing])).call.adopted, None);
}

#[test]
fn a_call_that_is_taken_away_leaves_the_attempt_as_unknown_as_it_was() {
    let adopted = lost().then(140, adopts(&[Report::Answered { at: at(100), by: None }]));
    let lost = adopted.then(150, taken_away());
    assert_eq!((lost.call.provider_call_id.clone(), lost.call.started_at), (None, None));
    assert!(
        matches!(lost.call.dispatch, Dispatch::Unknown(unknown) if unknown.since == at(1)),
        "{:?}",
        lost.call.dispatch
    );
    let given_up = lost.then(241, Input::Tick);
    assert_eq!((given_up.end_reason(), given_up.call.duration_seconds()), (Some("dispatch_unconfirmed"), 0));
}

#[test]
fn an_end_that_was_told_stays_told_and_a_hang_up_that_is_owed_is_owed_no_more() {
    let over = lost().then(195, adopts(&[completed()]));
    let told = over.clone().then(200, taken_away());
    assert_eq!((told.end_reason(), &told.call.provider_call_id), (Some("completed"), &over.call.provider_call_id));
    let closed = lost().then(140, adopts(&[Report::Ringing])).then(141, close());
    assert!(matches!(next_action(&closed.call, at(141)), Some(crate::call::Duty::HangUp(_))));
    let lost = closed.then(142, taken_away());
    assert_eq!((next_action(&lost.call, at(142)), lost.end_reason()), (None, Some("admin_closed")));
    assert!(matches!(lost.call.dispatch, Dispatch::Unknown(_)));
}

#[test]
fn the_provider_is_searched_once_more_right_before_an_outcome_is_given_up() {
    let mut call = lost();
    let mut searched_at = Vec::new();
    while let Dispatch::Unknown(dispatch::Unknown { next_search_at, .. }) = call.call.dispatch {
        if call.call.is_ended() {
            break;
        }
        let seconds = u32::try_from(next_search_at.since(at(0)).as_seconds()).unwrap();
        searched_at.push(seconds);
        call = call.then(seconds, Input::Searched { attempt: 1, found: None });
    }
    assert_eq!(searched_at, [7, 17, 37, 77, 137, 197, 231, 291]);
    assert_eq!(call.end_reason(), Some("dispatch_unconfirmed"));
}
