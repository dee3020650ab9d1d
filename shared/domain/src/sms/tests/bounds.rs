//! Tests of limits on an agent's messages, of answers in several messages, and of a provider's refusals and waits.

use super::{History, accepted, answers, at, not_placed, person_writes, refused, takes_turn, texts};
use crate::end_reason::EndReason;
use crate::log::{Entry, Note};
use crate::objections::Objections;
use crate::provider::Provider;
use crate::sms::{Input, MAX_TRIES, MOST_PARTS, Outcome, Purpose, SendState, SilenceReason, Status, Terms, Turn};
use crate::time::Span;

/// Returns a conversation with an accepted opening message, and with these limits for its agent.
fn held_to(max_turns: u32, max_messages_per_hour: u32) -> History {
    let terms = Terms {
        max_turns,
        max_messages_per_hour,
        help_text: Some("Write STOP to hear no more.".to_owned()),
        fallback_text: Some("Somebody will call you.".to_owned()),
        ..Terms::default()
    };
    let new = History::with(terms, Provider::Simulator);
    let outcome = new.outcome(1, accepted("m1"));
    new.then(1, outcome)
}

/// Lets the customer write, and the agent answer if it may. The exchange takes one minute.
fn exchange(history: History, minute: u32, words: &str) -> History {
    let seconds = 60 * minute;
    let turn = history.then(seconds, texts(words)).then(seconds + 10, takes_turn());
    let number = turn.conversation.turns;
    let answered = turn.then(seconds + 11, answers(number));
    let Some(send) = answered.conversation.sends.first().cloned() else { return answered };
    let id = format!("m{}", send.message);
    let outcome = answered.outcome(send.message, accepted(&id));
    answered.then(seconds + 12, outcome)
}

fn silence(history: &History) -> Option<SilenceReason> {
    history.conversation.pace.silence.map(|silence| silence.reason)
}

fn notes_of_silence(history: &History) -> usize {
    let log = history.last.iter().flat_map(|change| &change.log);
    log.filter(|entry| matches!(entry.entry, Entry::Note { note: Note::AgentSilent { .. } })).count()
}

fn answered_with(turn: u32, content: &str) -> Input {
    Input::Answered { turn, content: content.to_owned(), objections: Objections::NONE }
}

#[test]
fn an_agent_that_has_given_its_answers_is_silent_until_a_person_hands_the_conversation_back() {
    let mut history = held_to(2, 100);
    for minute in 1..=2 {
        history = exchange(history, minute, &format!("Question {minute}"));
        assert_eq!((silence(&history), history.conversation.pace.answers), (None, minute));
    }
    history = history.then(180, texts("Question 3")).then(190, takes_turn());
    assert_eq!((silence(&history), notes_of_silence(&history)), (Some(SilenceReason::MaxTurns), 1));
    assert_eq!((history.claimed(), history.conversation.turn.clone()), (None, Turn::Idle));
    assert_eq!(history.conversation.answered, history.conversation.received);
    history = history.then(200, person_writes()).then(210, Input::HandBack).then(220, texts("Question 4"));
    history = history.then(230, takes_turn());
    assert!(history.claimed().is_some() && silence(&history).is_none());
}

#[test]
fn an_agent_that_has_said_enough_for_an_hour_answers_when_it_is_over() {
    let mut history = held_to(100, 2);
    for minute in 1..=2 {
        history = exchange(history, minute, &format!("Question {minute}"));
    }
    history = history.then(180, texts("Question 3")).then(190, takes_turn());
    let over = at(60 + 11) + Span::hours(1);
    assert!(matches!(history.conversation.turn, Turn::Waiting { from, .. } if from == over));
    let silence = history.conversation.pace.silence.unwrap();
    assert_eq!((silence.reason, silence.until), (SilenceReason::MaxMessagesPerHour, Some(over)));
    history = history.after(over, takes_turn());
    assert!(history.claimed().is_some() && history.conversation.pace.silence.is_none());
}

#[test]
fn fixed_texts_are_held_to_the_hour_too() {
    let mut history = held_to(100, 1).then(60, texts("HELP"));
    assert_eq!(history.conversation.sends[0].purpose, Purpose::Help);
    history = history.then(70, texts("INFO"));
    assert_eq!((history.conversation.sends.len(), silence(&history)), (1, Some(SilenceReason::MaxMessagesPerHour)));
}

#[test]
fn the_same_text_for_the_third_time_in_a_row_is_not_answered_and_another_one_is() {
    let mut history = held_to(100, 100);
    for minute in 1..=2 {
        history = exchange(history, minute, "I am a machine.");
        assert_eq!((silence(&history), history.conversation.pace.answers), (None, minute));
    }
    for minute in 3..=5 {
        history = history.then(60 * minute, texts(" i am  a MACHINE."));
        assert_eq!(
            (silence(&history), history.conversation.turn.clone()),
            (Some(SilenceReason::RepeatedText), Turn::Idle)
        );
        assert_eq!(notes_of_silence(&history), usize::from(minute == 3));
    }
    history = exchange(history, 6, "Now I am not.");
    assert_eq!((silence(&history), history.conversation.pace.answers), (None, 3));
    let mut pictures = held_to(100, 100);
    for minute in 1..=4 {
        pictures = exchange(pictures, minute, "[media: image/jpeg]");
    }
    assert_eq!(pictures.conversation.pace.answers, 4);
    let stops = ["STOP", "STOP", "STOP"].iter().fold(held_to(1, 1), |history, word| history.then(100, texts(word)));
    assert_eq!(stops.conversation.end_reason, Some(EndReason::OPTED_OUT));
}

#[test]
fn a_long_answer_leaves_in_several_texts_each_once_the_one_before_was_taken() {
    let sentence = format!("{}. ", "word ".repeat(60).trim());
    let long = sentence.repeat(9);
    let turn = held_to(100, 100).then(60, texts("Tell me everything")).then(70, takes_turn());
    let mut history = turn.then(71, answered_with(1, &long));
    assert_eq!((history.conversation.sends.len(), history.conversation.rest.len()), (1, 1));
    let first = history.stored(3).message.content;
    assert!(first.ends_with("word.") && Provider::Simulator.text_limit().takes(&first));
    let outcome = history.outcome(3, accepted("m3"));
    history = history.then(72, outcome);
    assert_eq!((history.conversation.sends[0].message, history.conversation.rest.len()), (4, 0));
    let together = format!("{first} {}", history.stored(4).message.content);
    assert_eq!(together, long.trim());
    assert_eq!(history.conversation.pace.answers, 1);
    // No further part of an answer follows a person's message or the end.
    let turn = held_to(100, 100).then(60, texts("Tell me everything")).then(70, takes_turn());
    let half = turn.then(71, answered_with(1, &long));
    for input in [person_writes(), Input::Close { reason: EndReason::ADMIN_CLOSED }] {
        assert!(half.clone().then(72, input).conversation.rest.is_empty());
    }
    assert!(sentence.len() * 9 < 1_600 * MOST_PARTS);
}

#[test]
fn a_refused_answer_does_not_count_as_answered_and_another_one_is_tried() {
    let mut history = held_to(100, 100).then(60, texts("Hello"));
    for tries in 1..=MAX_TRIES {
        let seconds = 60 + 400 * tries;
        history = history.then(seconds, takes_turn());
        let number = history.conversation.turns;
        history = history.then(seconds + 1, answered_with(number, "Here is what you must not say."));
        assert_eq!(history.conversation.answered, history.conversation.received);
        let message = history.conversation.sends[0].message;
        let outcome = history.outcome(message, refused(EndReason::REJECTED));
        history = history.then(seconds + 2, outcome);
        let waits = matches!(history.conversation.turn, Turn::Waiting { .. });
        assert_eq!(waits, tries < MAX_TRIES, "{tries}");
        assert_eq!(history.conversation.answered < history.conversation.received, waits);
    }
    assert_eq!(history.events.last(), Some(&crate::log::EventType::SmsTurnFailed));
    assert_eq!(history.conversation.sends[0].purpose, Purpose::Fallback);
    // If the words were not the reason, other words would not help.
    let turn = held_to(100, 100).then(60, texts("Hello")).then(70, takes_turn()).then(71, answers(1));
    let outcome = turn.outcome(3, refused(EndReason::INVALID_DESTINATION));
    assert_eq!(turn.then(72, outcome).events.last(), Some(&crate::log::EventType::SmsTurnFailed));
}

#[test]
fn no_provider_makes_a_text_wait_longer_than_a_minute_and_an_opening_ends_in_five() {
    let slow = |seconds| Outcome::NotPlaced { retry_after: Some(Span::seconds(seconds)), why: "429".to_owned() };
    let mut history = History::new();
    let mut seconds = 1;
    while let Some(send) = history.conversation.send(1).cloned() {
        let outcome = history.outcome(1, slow(u32::MAX));
        history = history.then(seconds, outcome);
        let Some(SendState::Waiting { from, .. }) = history.conversation.send(1).map(|send| send.state.clone()) else {
            break;
        };
        assert_eq!(from, at(seconds) + Span::seconds(60), "{send:?}");
        seconds += 60;
        let claim = history.claim_of(1);
        history = history.after(from, claim);
    }
    assert!(seconds < 300, "{seconds}");
    assert_eq!(history.conversation.status, Status::Ended);
    assert_eq!(history.conversation.end_reason, Some(EndReason::PROVIDER_UNAVAILABLE));
    // A provider that asks for no wait is tried again with the usual delay.
    let new = History::new();
    let outcome = new.outcome(1, not_placed());
    assert_eq!(new.then(1, outcome).conversation.status, Status::Sending);
}

#[test]
fn a_conversation_that_was_stored_before_there_were_bounds_is_read_with_the_usual_ones() {
    let stored = serde_json::to_value(&History::opened().conversation).unwrap();
    let mut old = stored.clone();
    let fields = old.as_object_mut().unwrap();
    fields.remove("pace");
    fields.remove("rest");
    let terms = fields["terms"].as_object_mut().unwrap();
    terms.remove("maxTurns");
    terms.remove("maxMessagesPerHour");
    let read: crate::sms::SmsConversation = serde_json::from_value(old).unwrap();
    assert_eq!(read.terms.max_turns, Terms::default().max_turns);
    assert!(read.rest.is_empty() && read.pace.answers == 0);
}
