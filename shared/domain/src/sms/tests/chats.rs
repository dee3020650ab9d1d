//! Tests of conversations that a provider's own agent holds.

use super::{History, START, accepted, at, chat, close, person_writes, unknown};
use crate::end_reason::EndReason;
use crate::log::EventType;
use crate::schedule::{due_at, next_action};
use crate::sms::{Author, Claim, DeliveryStatus, Duty, Input, Status};
use crate::time::Span;

/// Returns a conversation whose chat the provider has begun.
fn opened() -> History {
    let new = History::of_a_chat();
    let outcome = new.outcome(1, accepted("m1"));
    new.then(1, outcome)
}

impl History {
    /// Reads the chat once, with this content.
    fn shows(self, seconds: u32, texts: &[&str], ended: Option<EndReason>) -> Self {
        let input = self.read(chat(texts, ended));
        self.then(seconds, input)
    }

    /// Reads the chat until all of its messages are stored.
    fn hears(mut self, seconds: u32, texts: &[&str], ended: Option<EndReason>) -> Self {
        while self.conversation.chat.as_ref().is_none_or(|chat| (chat.read as usize) < texts.len()) {
            self = self.shows(seconds, texts, ended.clone());
        }
        self
    }
}

#[test]
fn what_was_said_is_read_and_written_down_once() {
    let history = opened().hears(20, &["Hello Ada", "Hello", "How are you?"], None);
    assert_eq!(
        history.events,
        [
            EventType::SmsMessageSent,
            EventType::SmsMessageDeliveryUpdated,
            EventType::SmsMessageReceived,
            EventType::SmsMessageSent,
        ]
    );
    let said = |number: u32| (history.message(number).author, history.message(number).content.as_str());
    assert_eq!((said(1), said(2)), ((Author::Agent, "Hello Ada"), (Author::Customer, "Hello")));
    assert_eq!((said(3), history.message(3).status), ((Author::Agent, "How are you?"), Some(DeliveryStatus::Sent)));
    let again = history.hears(40, &["Hello Ada", "Hello", "How are you?"], None);
    assert_eq!((again.messages.len(), again.events.len()), (3, 4));
    // This read was delayed, and shows an older state.
    let late = again.shows(41, &["Hello Ada"], None).hears(60, &["Hello Ada", "Hello", "How are you?", "Fine"], None);
    assert_eq!((late.messages.len(), late.message(4).content.as_str()), (4, "Fine"));
}

#[test]
fn whoever_reads_by_a_clock_that_is_behind_takes_in_the_same() {
    let shown = |history: &History| history.read(chat(&["Hello Ada", "Hello"], None));
    let opened = opened();
    let input = shown(&opened);
    let behind = opened.after(START - Span::seconds(5), input);
    assert_eq!((behind.messages.len(), behind.message(2).sent_at), (2, Some(START)));
}

#[test]
fn a_long_chat_is_taken_in_by_and_by() {
    let texts = ["1", "2", "3", "4", "5"];
    let first = opened().shows(20, &texts, Some(EndReason::COMPLETED));
    assert_eq!((first.messages.len(), first.conversation.is_ended()), (2, false));
    assert_eq!(next_action(&first.conversation, at(20)), Some(Duty::ReadChat));
    let last = first.hears(20, &texts, Some(EndReason::COMPLETED));
    assert_eq!((last.messages.len(), last.conversation.end_reason.clone()), (5, Some(EndReason::COMPLETED)));
    assert_eq!(due_at(&last.conversation), None, "there is nothing to end");
}

#[test]
fn what_the_providers_agent_opened_with_is_what_the_customer_read() {
    let history = opened().shows(20, &["Hi, this is Retell"], None);
    assert_eq!(history.message(1).content, "Hi, this is Retell");
    assert_eq!(history.conversation.messages, 1);
}

#[test]
fn a_chat_whose_answer_was_lost_is_begun_by_what_tells_of_it() {
    let new = History::of_a_chat();
    let outcome = new.outcome(1, unknown());
    let history = new.then(10, outcome).hears(12, &["Hello Ada", "Hello"], None);
    assert_eq!(history.conversation.status, Status::InProgress);
    assert_eq!(history.conversation.opening_id.as_ref().map(|id| id.as_str()), Some("m1"));
    assert_eq!(
        history.events,
        [EventType::SmsMessageSent, EventType::SmsMessageDeliveryUpdated, EventType::SmsMessageReceived]
    );
}

#[test]
fn a_chat_that_turns_up_after_it_was_given_up_is_ended_at_the_provider() {
    let new = History::of_a_chat();
    let outcome = new.outcome(1, unknown());
    let given_up = new.then(10, outcome);
    let searched = given_up.searched(1, None);
    let given_up = given_up.then(300, searched);
    assert_eq!(given_up.conversation.end_reason, Some(EndReason::DISPATCH_UNCONFIRMED));
    let found = given_up.shows(310, &["Hello Ada"], None);
    assert_eq!(next_action(&found.conversation, at(310)), Some(Duty::EndChat));
    assert_eq!(found.conversation.opening_id, None, "clients were told that it failed");
}

#[test]
fn whoever_ends_the_conversation_the_provider_is_asked_until_the_chat_is_over() {
    let closed = opened().then(20, close());
    assert_eq!(next_action(&closed.conversation, at(20)), Some(Duty::EndChat));
    let refused = closed.then(20, Input::ChatEnded { confirmed: false });
    assert_eq!(next_action(&refused.conversation, at(20)), None);
    assert_eq!(next_action(&refused.conversation, at(21)), Some(Duty::EndChat));
    let over = refused.then(21, Input::ChatEnded { confirmed: true });
    assert_eq!(due_at(&over.conversation), None);
}

#[test]
fn a_chat_that_cannot_be_ended_is_left_to_the_provider_after_a_day() {
    let closed = opened().then(20, close()).then(30, Input::ChatEnded { confirmed: false });
    let day = 24 * 3_600;
    assert!(due_at(&closed.clone().then(day, Input::Tick).conversation).is_some());
    assert_eq!(due_at(&closed.then(20 + day, Input::Tick).conversation), None);
}

#[test]
fn stop_in_a_chat_ends_it_and_suppresses_the_customer() {
    let history = opened().shows(20, &["Hello Ada", "STOP", "You will hear no more"], None);
    assert_eq!(history.conversation.end_reason, Some(EndReason::OPTED_OUT));
    assert!(history.suppressed);
    assert_eq!(history.messages.len(), 2);
    assert_eq!(next_action(&history.conversation, at(20)), Some(Duty::EndChat));
}

#[test]
fn a_customer_who_must_not_be_contacted_any_more_is_left_in_peace() {
    let mut history = opened();
    history.suppressed = true;
    let history = history.shows(20, &["Hello Ada"], None);
    assert_eq!(history.conversation.end_reason, Some(EndReason::DO_NOT_CALL));
    assert_eq!(next_action(&history.conversation, at(20)), Some(Duty::EndChat));
}

#[test]
fn nobody_of_ours_writes_into_a_chat() {
    let history = opened().then(20, person_writes());
    assert_eq!((history.claimed(), history.messages.len()), (None::<Claim>, 1));
    assert!(!history.conversation.taken_over);
}

#[test]
fn a_silence_is_one_only_where_the_provider_was_asked() {
    let day = 24 * 3_600;
    let history = opened();
    let mut seconds = 1;
    let mut reads = 0;
    let mut quiet = history.clone();
    while !quiet.conversation.is_ended() {
        let due = quiet.conversation.chat.as_ref().unwrap().next_at;
        seconds += u32::try_from(due.since(at(seconds)).as_seconds_rounded_up()).unwrap();
        quiet = quiet.shows(seconds, &["Hello Ada"], None);
        reads += 1;
    }
    assert_eq!((quiet.conversation.end_reason.clone(), seconds), (Some(EndReason::INACTIVITY_TIMEOUT), day));
    assert!((20..60).contains(&reads), "{reads}");
    // The chat was not read when it should have been. Then it has a message: it was not silent.
    let history = history.shows(3_600, &["Hello Ada"], None);
    let unread = history.read(None);
    let late = history.then(day + 10, unread);
    assert!(!late.conversation.is_ended());
    let heard = late.clone().read(chat(&["Hello Ada", "Hello"], None));
    assert_eq!(late.then(day + 20, heard).messages.len(), 2);
}

#[test]
fn a_chat_that_nobody_can_read_for_a_day_is_lost() {
    let history = opened();
    let unread = history.read(None);
    let lost = history.then(24 * 3_600 + 1, unread);
    assert_eq!(lost.conversation.end_reason, Some(EndReason::PROVIDER_LOST));
}
