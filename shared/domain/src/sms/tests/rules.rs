//! Tests of single rules, one sentence each.

use super::{
    History, accepted, answers, at, close, not_placed, person_writes, refused, report, takes_turn, texts, unknown,
};
use crate::dispatch::LEASE;
use crate::end_reason::EndReason;
use crate::log::{Event, EventType, ToolCallOutcome};
use crate::objections::Objections;
use crate::provider::Provider;
use crate::schedule::{due_at, next_action};
use crate::sms::{Claim, DeliveryStatus, Duty, Inbound, Input, MAX_TRIES, Purpose, SendState, Status, Terms, Turn};
use crate::time::Span;
use crate::tool::ToolOutcome;

const REPLY: Option<Claim> = Some(Claim::Send { message: 3, attempt: 1 });

#[test]
fn an_accepted_opening_puts_the_conversation_in_progress() {
    let opened = History::opened();
    assert_eq!(opened.conversation.status, Status::InProgress);
    assert_eq!(opened.conversation.opening_id.as_ref().map(ToString::to_string).as_deref(), Some("m1"));
    assert_eq!(opened.events, [EventType::SmsMessageSent]);
    assert_eq!(due_at(&opened.conversation), Some(at(24 * 3_600)));
}

#[test]
fn an_opening_whose_outcome_is_unknown_is_looked_for_and_never_sent_again() {
    let new = History::new();
    let outcome = new.outcome(1, unknown());
    let mut history = new.then(10, outcome);
    assert_eq!(history.conversation.status, Status::Sending);
    let mut seconds = 10;
    while !history.conversation.is_ended() {
        seconds += 5;
        assert!(seconds < 200, "it is settled in bounded time");
        assert!(!matches!(next_action(&history.conversation, at(seconds)), Some(Duty::Send(_))));
        if next_action(&history.conversation, at(seconds)) == Some(Duty::Search(1)) {
            let searched = history.searched(1, None);
            history = history.then(seconds, searched);
        }
    }
    assert_eq!(history.conversation.end_reason, Some(EndReason::DISPATCH_UNCONFIRMED));
    assert_eq!(history.events, [EventType::SmsMessageDeliveryUpdated, EventType::SmsConversationClosed]);
    assert_eq!(due_at(&history.conversation), None);
}

#[test]
fn a_report_or_a_search_settles_an_opening_whose_answer_was_lost() {
    let lost = || {
        let new = History::new();
        let outcome = new.outcome(1, unknown());
        new.then(10, outcome)
    };
    let reported = lost().reported(1, DeliveryStatus::Delivered);
    let searched = lost().searched(1, Some(report("m1", DeliveryStatus::Delivered)));
    for news in [reported, searched] {
        let found = lost().then(12, news);
        assert_eq!(found.conversation.status, Status::InProgress);
        assert_eq!(found.events, [EventType::SmsMessageSent, EventType::SmsMessageDeliveryUpdated]);
        assert_eq!(found.message(1).status, Some(DeliveryStatus::Delivered));
    }
}

#[test]
fn a_consumer_that_dies_while_sending_leaves_an_unknown_outcome() {
    let lapsed = History::new().after(super::START + LEASE, Input::Tick);
    assert!(matches!(lapsed.conversation.sends[0].state, SendState::Unknown(_)));
}

#[test]
fn a_text_that_provably_never_left_is_sent_again_under_a_new_attempt() {
    let new = History::new();
    let outcome = new.outcome(1, not_placed());
    let waiting = new.then(1, outcome);
    assert_eq!(next_action(&waiting.conversation, at(2)), Some(Duty::Send(1)));
    let claim = waiting.claim_of(1);
    let claimed = waiting.then(2, claim);
    assert_eq!(claimed.claimed(), Some(Claim::Send { message: 1, attempt: 2 }));
}

#[test]
fn a_refused_opening_ends_the_conversation() {
    let new = History::new();
    let outcome = new.outcome(1, refused(EndReason::INVALID_DESTINATION));
    let ended = new.then(1, outcome);
    assert_eq!(ended.conversation.end_reason, Some(EndReason::INVALID_DESTINATION));
    assert_eq!(ended.message(1).status, Some(DeliveryStatus::Failed));
    assert!(!ended.suppressed);
}

#[test]
fn a_number_that_opted_out_at_the_carrier_is_suppressed() {
    let new = History::new();
    let outcome = new.outcome(1, refused(EndReason::OPTED_OUT));
    let ended = new.then(1, outcome);
    assert!(ended.suppressed);
    assert_eq!(ended.conversation.end_reason, Some(EndReason::OPTED_OUT));
    assert!(ended.events.contains(&EventType::ContactOptOut));
}

#[test]
fn a_superseded_opening_still_leaves_and_a_closed_one_does_not() {
    for (reason, leaves) in [(EndReason::SUPERSEDED, true), (EndReason::ADMIN_CLOSED, false)] {
        let new = History::new();
        let outcome = new.outcome(1, not_placed());
        let waiting = new.then(1, Input::Close { reason }).then(1, outcome);
        let attempts = waiting.conversation.sends.len();
        assert_eq!(attempts == 1, leaves);
        if leaves {
            let claim = waiting.claim_of(1);
            assert!(waiting.then(2, claim).claimed().is_some());
        }
    }
}

#[test]
fn a_burst_is_gathered_and_answered_once() {
    let burst = History::opened().then(10, texts("Hello")).then(11, texts("who is this?"));
    assert_eq!(next_action(&burst.conversation, at(11)), None);
    assert_eq!(next_action(&burst.conversation, at(12)), Some(Duty::Turn));
    let turn = burst.then(12, takes_turn());
    assert_eq!(turn.claimed(), Some(Claim::Turn { turn: 1 }));
    let answered = turn.then(13, answers(1));
    assert_eq!(answered.claimed(), Some(Claim::Send { message: 4, attempt: 1 }));
    assert_eq!((answered.conversation.answered, answered.conversation.turn.clone()), (3, Turn::Idle));
}

#[test]
fn two_consumers_of_one_turn_are_one() {
    let turn = History::opened().then(10, texts("Hello")).then(12, takes_turn());
    assert_eq!(turn.clone().then(12, takes_turn()).claimed(), None);
    let answered = turn.then(13, answers(1));
    assert_eq!(answered.then(14, answers(1)).claimed(), None);
}

#[test]
fn a_turn_gives_way_to_something_newer_three_times_and_no_more() {
    let mut history = History::opened().then(10, texts("Hello"));
    for turn in 1..=3 {
        let seconds = 10 + turn * 10;
        history = history
            .then(seconds, takes_turn())
            .then(seconds + 1, texts(&format!("and {turn}")))
            .then(seconds + 2, answers(turn));
        assert_eq!(history.claimed(), None, "turn {turn} gave way");
    }
    history = history.then(50, takes_turn()).then(51, texts("one more")).then(52, answers(4));
    assert!(matches!(history.claimed(), Some(Claim::Send { .. })));
    // The fifth turn answers what came in during the fourth.
    assert!(matches!(history.conversation.turn, Turn::Waiting { .. }));
}

#[test]
fn a_turn_whose_consumer_dies_is_tried_again_and_says_so_in_the_end() {
    let mut history = History::opened().then(10, texts("Hello"));
    for turn in 1..=MAX_TRIES {
        let seconds = 20 + 400 * turn;
        history = history.then(seconds, takes_turn());
        assert_eq!(history.claimed(), Some(Claim::Turn { turn }));
        history = history.then(seconds + 200, Input::Tick);
    }
    assert_eq!(history.events.last(), Some(&EventType::SmsTurnFailed));
    assert_eq!(history.conversation.turn, Turn::Idle);
    assert_eq!(history.conversation.sends[0].purpose, Purpose::Fallback);
}

#[test]
fn a_turn_that_cannot_get_better_is_not_tried_again() {
    let turn = History::opened().then(10, texts("Hello")).then(12, takes_turn());
    let failed = Input::TurnFailed { turn: 1, why: "no".to_owned(), retryable: false, retry_after: None };
    assert_eq!(turn.then(13, failed).events.last(), Some(&EventType::SmsTurnFailed));
}

#[test]
fn an_agent_that_has_nothing_to_answer_by_says_so_once_and_sends_no_fallback_text() {
    let turn = History::opened().then(10, texts("Hello")).then(12, takes_turn());
    let silent = turn.then(13, Input::Speechless { turn: 1, why: "it has no model".to_owned() });
    assert_eq!(silent.events.last(), Some(&EventType::SmsTurnFailed));
    assert!(silent.conversation.sends.is_empty());
    let later = silent.then(20, texts("Are you there?")).then(40, Input::Tick);
    assert_eq!(later.conversation.turn, Turn::Idle, "no turn is taken for what comes in later");
    assert_eq!(later.events.iter().filter(|event| **event == EventType::SmsTurnFailed).count(), 1);
}

#[test]
fn a_tool_is_called_once_and_one_without_an_answer_is_unknown_to_the_next_turn() {
    let called = Input::ToolCalled { turn: 1, name: "hours".to_owned(), arguments: serde_json::json!({}) };
    let turn = History::opened().then(10, texts("Hello")).then(12, takes_turn()).then(13, called.clone());
    assert_eq!(turn.claimed(), Some(Claim::Tool { turn: 1, index: 1 }));
    let id = turn.conversation.pending_tools[0].tool_call_id.clone();
    let answered = Input::ToolAnswered { tool_call_id: id, outcome: ToolOutcome::Ok("9 to 5".to_owned()) };
    let done = turn.clone().then(14, answered.clone());
    assert_eq!(done.events.last(), Some(&EventType::SmsToolCallResult));
    assert_eq!(done.clone().then(15, answered.clone()).events, done.events, "a result counts once");
    let lapsed = turn.then(200, Input::Tick);
    let results = lapsed.last.as_ref().unwrap().log.iter().filter_map(|entry| match entry.entry.event() {
        Some(Event::SmsToolCallResult(result)) => Some(result.outcome),
        _ => None,
    });
    assert_eq!(results.collect::<Vec<_>>(), [ToolCallOutcome::Unknown]);
    assert_eq!(lapsed.clone().then(201, answered).events, lapsed.events, "and stays unknown");
}

#[test]
fn a_person_silences_the_agent_until_handing_back() {
    let turn = History::opened().then(10, texts("Hello")).then(12, takes_turn());
    let taken = turn.then(13, person_writes());
    assert_eq!(taken.claimed(), REPLY);
    assert_eq!(taken.clone().then(14, answers(1)).claimed(), None);
    let silent = taken.then(15, texts("Thanks"));
    assert_eq!(silent.conversation.turn, Turn::Idle);
    let handed_back = silent.then(20, Input::HandBack);
    assert!(matches!(handed_back.conversation.turn, Turn::Waiting { .. }));
}

#[test]
fn stop_suppresses_closes_and_is_confirmed_in_spite_of_itself() {
    let stopped = History::opened().then(10, texts(" Stop "));
    assert!(stopped.suppressed);
    assert_eq!(stopped.conversation.end_reason, Some(EndReason::OPTED_OUT));
    let last = &stopped.events[stopped.events.len() - 3..];
    assert_eq!(last, [EventType::SmsMessageReceived, EventType::ContactOptOut, EventType::SmsConversationClosed]);
    assert_eq!(next_action(&stopped.conversation, at(10)), Some(Duty::Send(3)));
    let claim = stopped.claim_of(3);
    assert_eq!(stopped.then(11, claim).claimed(), REPLY);
}

#[test]
fn stop_while_a_turn_is_held_leaves_its_answer_unsent() {
    let turn = History::opened().then(10, texts("Hello")).then(12, takes_turn());
    let stopped = turn.then(13, texts("STOP"));
    assert_eq!(stopped.then(14, answers(1)).claimed(), None);
}

#[test]
fn yes_is_an_ordinary_text_unless_stop_was_said() {
    let inbound = || Inbound {
        provider_message_id: crate::ids::ProviderMessageId::new("in"),
        content: "YES".to_owned(),
        carrier_keyword: None,
    };
    let yes = |by: Option<&str>| Input::Received { inbound: inbound(), suppressed_by: by.map(str::to_owned) };
    for ordinary in [None, Some("manual"), Some("carrier")] {
        let said = History::opened().then(10, yes(ordinary));
        assert!(!said.events.contains(&EventType::ContactOptIn));
        assert!(matches!(said.conversation.turn, Turn::Waiting { .. }));
    }
    let start = |word: &str| Inbound { content: word.to_owned(), ..inbound() };
    for word in ["START", "unstop", "Start!"] {
        let said = Input::Received { inbound: start(word), suppressed_by: Some("carrier".to_owned()) };
        assert_eq!(History::opened().then(10, said).events.last(), Some(&EventType::ContactOptIn), "{word}");
    }
    let lifted = History::opened().then(10, yes(Some("keyword")));
    assert_eq!(lifted.events.last(), Some(&EventType::ContactOptIn));
    assert_eq!(lifted.conversation.turn, Turn::Idle);
}

#[test]
fn help_is_answered_by_its_text_or_by_the_agent_without_one() {
    let with = History::opened().then(10, texts("help"));
    assert_eq!((with.conversation.sends[0].purpose, with.conversation.turn.clone()), (Purpose::Help, Turn::Idle));
    let new = History::with(Terms::default(), Provider::Simulator);
    let outcome = new.outcome(1, accepted("m1"));
    let without = new.then(1, outcome).then(10, texts("help"));
    assert!(matches!(without.conversation.turn, Turn::Waiting { .. }));
}

#[test]
fn a_waiting_text_does_not_leave_for_somebody_who_opted_out_elsewhere() {
    let mut waiting = History::opened().then(10, texts("help"));
    waiting.suppressed = true;
    let claim = waiting.claim_of(3);
    let ended = waiting.then(11, claim);
    assert_eq!(ended.claimed(), None);
    assert_eq!(ended.conversation.end_reason, Some(EndReason::DO_NOT_CALL));
    assert_eq!(ended.message(3).error_code.as_deref(), Some("do_not_call"));
}

#[test]
fn delivery_only_moves_forwards() {
    let mut history = History::opened();
    for status in [DeliveryStatus::Delivered, DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Failed] {
        let reported = history.reported(1, status);
        history = history.then(5, reported);
    }
    assert_eq!(history.events, [EventType::SmsMessageSent, EventType::SmsMessageDeliveryUpdated]);
    assert_eq!(history.message(1).status, Some(DeliveryStatus::Delivered));
}

#[test]
fn a_conversation_that_nobody_writes_in_is_closed() {
    let opened = History::opened().then(3_600, texts("Later"));
    let day = 24 * 3_600;
    let nothing = Input::Answered { turn: 1, content: String::new(), objections: Objections::NONE };
    let open = opened.then(3_604, takes_turn()).then(3_605, nothing);
    assert!(!open.clone().then(day, Input::Tick).conversation.is_ended());
    let closed = open.after(at(3_600 + day) + Span::ZERO, Input::Tick);
    assert_eq!(closed.conversation.end_reason, Some(EndReason::INACTIVITY_TIMEOUT));
}

#[test]
fn a_late_answer_of_ours_is_no_inactivity() {
    let day = 24 * 3_600;
    let owed = History::opened().then(10, texts("Later"));
    let late = owed.then(10 + 2 * day, Input::Tick);
    assert!(!late.conversation.is_ended());
    let answered = late.then(10 + 2 * day, takes_turn()).then(11 + 2 * day, answers(1));
    assert!(!answered.conversation.is_ended() && !answered.conversation.sends.is_empty());
}

#[test]
fn what_makes_no_progress_is_ended_and_then_let_go() {
    let waiting = || {
        let answered = History::opened().then(10, texts("Hello?")).then(15, takes_turn()).then(16, answers(1));
        let outcome = answered.outcome(3, not_placed());
        answered.then(17, outcome)
    };
    let owed = waiting().then(100, Input::Abandon);
    assert_eq!(owed.conversation.end_reason, Some(EndReason::INTERNAL_ERROR));
    assert_eq!(next_action(&owed.conversation, at(100)), Some(Duty::Send(3)), "what is written is told of");
    let claim = owed.claim_of(3);
    let told = owed.then(101, claim);
    assert_eq!(told.message(3).status, Some(DeliveryStatus::Failed));
    assert_eq!(told.events.last(), Some(&EventType::SmsMessageDeliveryUpdated));
    let let_go = waiting().then(100, Input::Abandon).then(200, Input::Abandon);
    assert!(let_go.conversation.sends.is_empty());
}

#[test]
fn what_is_over_stays_over() {
    let closed = History::opened().then(10, close());
    let events = closed.events.clone();
    let after = closed.then(11, texts("Hello?")).then(12, person_writes()).then(13, Input::HandBack).then(14, close());
    assert_eq!(after.events, events);
    assert_eq!(after.conversation.end_reason, Some(EndReason::ADMIN_CLOSED));
}

#[test]
fn any_text_is_taken_in() {
    for content in ["", "\0", "שלום 👋🏽", &"x".repeat(10_000)] {
        let taken = History::opened().then(10, texts(content));
        assert_eq!(taken.message(2).content, content);
        assert!(matches!(taken.conversation.turn, Turn::Waiting { .. }));
    }
}
