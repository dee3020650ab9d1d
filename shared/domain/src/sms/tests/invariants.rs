//! Invariants of every state, of its pending actions, and of every step from it.

use std::collections::BTreeSet;

use super::{History, chat, report, takes_turn};
use crate::conversation::{Change, Conversation};
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::log::{Entry, Event, EventType, Note};
use crate::objections::Objections;
use crate::obligation::ENQUEUE_GRACE;
use crate::phone::PhoneNumber;
use crate::schedule::{due_at, next_action};
use crate::sms::{
    Claim, DeliveryStatus, Duty, Input, MAX_ABANDONED, Outcome, Purpose, SendState, SmsConversation, Status, Turn,
};
use crate::time::Timestamp;

/// Asserts that an unsettled conversation has a deadline, and that its parts agree with each other.
pub(super) fn of_a_state(history: &History) {
    let conversation = &history.conversation;
    let chat_is_over = conversation.chat.as_ref().is_none_or(|chat| chat.over);
    let at_rest = conversation.sends.is_empty() && conversation.pending_tools.is_empty();
    let settled = conversation.is_ended() && at_rest && chat_is_over;
    assert_eq!(conversation.is_settled(), settled, "{conversation:?}");
    assert_eq!(due_at(conversation).is_none(), settled && conversation.forgotten, "{conversation:?}");
    assert_eq!(conversation.is_ended(), conversation.ended_at.is_some() && conversation.end_reason.is_some());
    let silent = conversation.is_ended() || conversation.taken_over;
    assert!(!silent || conversation.turn == Turn::Idle, "{conversation:?}");
    // A turn is pending for every message that the agent has to answer.
    let unanswered = !silent && conversation.answers() && conversation.received > conversation.answered;
    assert!(!unanswered || conversation.turn != Turn::Idle, "{conversation:?}");
    let numbers: BTreeSet<u32> = conversation.sends.iter().map(|send| send.message).collect();
    assert_eq!(numbers.len(), conversation.sends.len(), "{conversation:?}");
    assert_eq!(history.messages.len(), conversation.messages as usize, "{conversation:?}");
    // If the provider's agent speaks, no agent or person of ours does.
    let holds_chats = conversation.provider.holds_chats();
    assert!(!holds_chats || (conversation.turn == Turn::Idle && !conversation.taken_over), "{conversation:?}");
    assert!(holds_chats || conversation.chat.is_none(), "{conversation:?}");
    let stored = serde_json::to_string(conversation).unwrap();
    assert_eq!(&serde_json::from_str::<SmsConversation>(&stored).unwrap(), conversation);
}

/// Asserts that no deadline is later in the index than [`ENQUEUE_GRACE`] after its action, and that every result of the
/// next action makes progress.
pub(super) fn of_what_is_due(history: &History, now: Timestamp) {
    let conversation = &history.conversation;
    let owed = conversation.obligations();
    let due = due_at(conversation);
    assert!(owed.iter().all(|owed| due.is_some_and(|due| due <= owed.at + ENQUEUE_GRACE)), "{conversation:?}");
    let Some(duty) = next_action(conversation, now) else { return };
    let earliest = owed.iter().filter(|owed| owed.at <= now).map(|owed| owed.at).min();
    for input in outcomes(history, duty) {
        let after = conversation.advance(input.clone(), now).after;
        let stands = after.obligations().iter().any(|owed| owed.duty == duty && Some(owed.at) == earliest);
        assert!(!stands, "{input:?} at {now} makes no progress with {conversation:?}");
    }
}

/// Returns the possible results of an action.
fn outcomes(history: &History, duty: Duty) -> Vec<Input> {
    match duty {
        Duty::Send(number) => vec![history.claim_of(number)],
        Duty::Search(number) => {
            let found = Some(report("m9", DeliveryStatus::Sent));
            vec![history.searched(number, None), history.searched(number, found)]
        }
        Duty::Turn => vec![takes_turn(), Input::ClaimTurn { objections: Objections::SUPPRESSED }],
        Duty::ReadChat => vec![history.read(None), history.read(chat(&["Hello Ada"], None))],
        Duty::EndChat => vec![Input::ChatEnded { confirmed: false }, Input::ChatEnded { confirmed: true }],
        Duty::PassTime => vec![Input::Tick],
    }
}

/// Asserts the invariants of every step.
pub(super) fn of_a_step(before: &History, input: &Input, now: Timestamp, change: &Change<SmsConversation>) {
    let context = || format!("{input:?} at {now} on {:?} gave {change:?}", before.conversation);
    of_the_status(&before.conversation, now, change, &context);
    of_the_log(before, change, &context);
    of_sends(&before.conversation, input, change, &context);
    of_claims(&before.conversation, input, change, &context);
    of_stop(input, change, before, &context);
    of_chats(&before.conversation, input, change, &context);
}

fn of_the_status(
    before: &SmsConversation,
    now: Timestamp,
    change: &Change<SmsConversation>,
    context: &dyn Fn() -> String,
) {
    let after = &change.after;
    assert!(before.status <= after.status, "{}", context());
    if before.is_ended() {
        assert_eq!((&before.end_reason, before.ended_at), (&after.end_reason, after.ended_at), "{}", context());
    }
    if !before.is_ended() && after.end_reason == Some(EndReason::INACTIVITY_TIMEOUT) {
        let unheard = after.chat.as_ref().is_some_and(|chat| chat.read_at < after.idle_at());
        assert!(!unheard, "{}", context());
        let owes_an_answer = after.received > after.answered && !after.taken_over && after.answers();
        assert!(!owes_an_answer && after.sends.is_empty(), "{}", context());
    }
    let kept_until = before.ended_at.zip(before.retention).map(|(ended_at, retention)| retention.end(ended_at));
    if after.forgotten && !before.forgotten {
        assert!(before.is_settled() && kept_until.is_some_and(|until| now >= until), "{}", context());
        assert!(change.effects.contains(&Effect::Forget), "{}", context());
    }
    assert_eq!(after.to == PhoneNumber::erased(), after.forgotten, "{}", context());
    let closed = change.log.iter().filter_map(|entry| entry.entry.event());
    let closed = closed.filter(|event| event.event_type() == EventType::SmsConversationClosed).count();
    assert_eq!(closed, usize::from(!before.is_ended() && after.status == Status::Ended), "{}", context());
}

fn of_the_log(before: &History, change: &Change<SmsConversation>, context: &dyn Fn() -> String) {
    let (mut number, mut sequence) = (before.conversation.log_length, before.conversation.sequence);
    for entry in &change.log {
        number += 1;
        assert_eq!(entry.number, number, "{}", context());
        match &entry.entry {
            Entry::Event { sequence: given, event } => {
                sequence += 1;
                assert_eq!(*given, sequence, "{}", context());
                if let Event::SmsMessageDeliveryUpdated(update) = event {
                    assert!(update.status.follows(update.previous_status), "{}", context());
                }
            }
            Entry::Notice { .. } => panic!("a conversation's events have a place in it: {}", context()),
            Entry::Note { .. } => {}
        }
    }
    assert_eq!((change.after.log_length, change.after.sequence), (number, sequence), "{}", context());
    let sent = change.log.iter().filter_map(|entry| match entry.entry.event() {
        Some(Event::SmsMessageSent(message)) => message.sequence_number,
        _ => None,
    });
    for number in sent {
        let known = before.messages.get(&number).and_then(|stored| stored.message.provider_message_id.as_ref());
        assert!(known.is_none(), "sent twice: {}", context());
    }
}

/// Asserts that a message returns to waiting only after an attempt that provably never happened.
fn of_sends(before: &SmsConversation, input: &Input, change: &Change<SmsConversation>, context: &dyn Fn() -> String) {
    let not_placed = matches!(input, Input::SendOutcome { outcome: Outcome::NotPlaced { .. }, .. });
    for send in &change.after.sends {
        let Some(was) = before.send(send.message) else { continue };
        let asked = matches!(was.state, SendState::Asking(_) | SendState::Unknown(_));
        let waits = matches!(send.state, SendState::Waiting { .. });
        assert!(!(asked && waits) || not_placed, "{}", context());
        let claimed = change.claimed == Some(Claim::Send { message: send.message, attempt: send.attempt });
        assert_eq!(send.attempt > was.attempt, claimed, "{}", context());
    }
}

fn of_claims(before: &SmsConversation, input: &Input, change: &Change<SmsConversation>, context: &dyn Fn() -> String) {
    let Some(claim) = change.claimed else { return };
    let objections = match input {
        Input::ClaimSend { objections, .. } | Input::ClaimTurn { objections } | Input::Answered { objections, .. } => {
            *objections
        }
        _ => Objections::NONE,
    };
    let Objections { suppressed, suspended, number_lost } = objections;
    assert!(!suspended && !number_lost, "{}", context());
    if let Claim::Send { message, .. } = claim {
        let purpose = change.after.send(message).map(|send| send.purpose);
        assert!(!suppressed || purpose == Some(Purpose::OptOutConfirmation), "{}", context());
        let superseded = before.end_reason == Some(EndReason::SUPERSEDED) && purpose == Some(Purpose::Opening);
        let confirms = purpose == Some(Purpose::OptOutConfirmation);
        assert!(!before.is_ended() || superseded || confirms, "{}", context());
    } else {
        assert!(!suppressed && !before.is_ended() && !before.taken_over, "{}", context());
    }
    if let (Input::Answered { .. } | Input::ToolCalled { .. }, Turn::Running { seen, abandoned, .. }) =
        (input, &before.turn)
    {
        assert!(before.received <= *seen || *abandoned >= MAX_ABANDONED, "it is stale: {}", context());
    }
}

fn of_stop(input: &Input, change: &Change<SmsConversation>, before: &History, context: &dyn Fn() -> String) {
    let Input::Received { inbound, .. } = input else { return };
    if inbound.content == "STOP" && !before.conversation.is_ended() {
        let suppresses = change.effects.iter().any(|effect| matches!(effect, Effect::Suppress { .. }));
        assert!(suppresses && change.after.is_ended(), "{}", context());
    }
}

/// Asserts that every message of a chat is stored once, and that no message read from it is sent by us.
fn of_chats(before: &SmsConversation, input: &Input, change: &Change<SmsConversation>, context: &dyn Fn() -> String) {
    let read = |conversation: &SmsConversation| conversation.chat.as_ref().map_or(0, |chat| chat.read);
    let is_read = matches!(input, Input::ChatRead { .. });
    let taken_in = read(&change.after) - read(before);
    assert!(is_read || taken_in == 0, "{}", context());
    if !before.provider.holds_chats() {
        return;
    }
    assert!(change.after.sends.iter().all(|send| send.message == 1), "{}", context());
    if let Some(chat) = &before.chat {
        let after = change.after.chat.as_ref().expect("it does not go");
        assert!(chat.id == after.id && (after.over || !chat.over), "{}", context());
        let is_told = match input {
            Input::ChatEnded { confirmed } => *confirmed,
            Input::ChatRead { shown, .. } => shown.as_ref().is_some_and(|shown| shown.ended.is_some()),
            Input::Abandon => true,
            _ => false,
        };
        let is_left = change.log.iter().any(|entry| matches!(entry.entry, Entry::Note { note: Note::ChatLeft }));
        assert!(after.over == chat.over || is_told || is_left, "{}", context());
    }
    let Input::ChatRead { shown, .. } = input else { return };
    let stored = change.effects.iter().filter(|effect| matches!(effect, Effect::StoreMessage(_))).count();
    let opened = usize::from(read(before) == 0 && taken_in > 0);
    assert_eq!(stored + opened, taken_in as usize, "{}", context());
    let shown_so_far = shown.as_ref().map_or(0, |shown| shown.texts.len());
    assert!(read(&change.after) as usize <= shown_so_far.max(read(before) as usize), "{}", context());
}
