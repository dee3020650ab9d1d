//! Test of every reachable state with every input, at every moment that matters.
//!
//! The states are found by search, not listed. The search is breadth first from the acceptance. It ends when every input
//! leads to a state whose shape is known already. A shape has the properties that the rules distinguish, with counters cut
//! off.

use std::collections::{HashSet, VecDeque};

use super::invariants;
use super::{
    History, accepted, answers, chat, close, fails, not_placed, person_writes, refused, report, takes_turn, texts,
    unknown,
};
use crate::conversation::Conversation;
use crate::end_reason::EndReason;
use crate::ids::ProviderMessageId;
use crate::objections::Objections;
use crate::retention::Retention;
use crate::sms::{ChatShown, DeliveryStatus, Inbound, Input, Purpose, SendState, Status, Turn};
use crate::time::{Span, Timestamp};
use crate::tool::ToolOutcome;

/// Number of shapes and pairs when this was written. With fewer, the search misses something.
const SHAPES: usize = 3_394;
const PAIRS: usize = 1_392_486;

/// Properties of a state that the rules distinguish. The rules do the same with two states of one shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shape {
    status: Status,
    superseded: bool,
    taken_over: bool,
    turn: (u8, bool, u32, u32),
    unanswered: bool,
    tools: bool,
    sends: Vec<(Purpose, u8)>,
    opening: Option<DeliveryStatus>,
    forgotten: bool,
    chat: Option<(u32, bool, bool)>,
}

impl Shape {
    fn of(history: &History) -> Self {
        let conversation = &history.conversation;
        let turn = match &conversation.turn {
            Turn::Idle => (0, false, 0, 0),
            Turn::Waiting { tries, abandoned, .. } => (1, false, told_apart(*tries, *abandoned), *abandoned),
            Turn::Running { seen, tries, abandoned, .. } => {
                (2, conversation.received > *seen, told_apart(*tries, *abandoned), *abandoned)
            }
        };
        let kind = |state: &SendState| match state {
            SendState::Waiting { failures, .. } => u8::from(*failures > 0),
            SendState::Asking(_) => 2,
            SendState::Unknown(_) => 3,
        };
        Self {
            status: conversation.status,
            superseded: conversation.end_reason == Some(EndReason::SUPERSEDED),
            taken_over: conversation.taken_over,
            turn,
            unanswered: conversation.received > conversation.answered,
            tools: !conversation.pending_tools.is_empty(),
            sends: conversation.sends.iter().map(|send| (send.purpose, kind(&send.state))).collect(),
            opening: history.message(1).status.filter(|_| conversation.send(1).is_some()),
            forgotten: conversation.forgotten,
            chat: conversation.chat.as_ref().map(|chat| (chat.read, chat.endings > 0, chat.over)),
        }
    }
}

/// Returns the number of failed tries, or 0 if turns were abandoned. The two counters are explored separately, not in
/// combination.
fn told_apart(tries: u32, abandoned: u32) -> u32 {
    if abandoned == 0 { tries } else { 0 }
}

/// Returns every input for a conversation in this state.
fn inputs(history: &History) -> Vec<Input> {
    let conversation = &history.conversation;
    let text = |content: &str, by: Option<&str>| Input::Received {
        inbound: Inbound {
            provider_message_id: ProviderMessageId::new("in"),
            content: content.to_owned(),
            carrier_keyword: None,
        },
        suppressed_by: by.map(str::to_owned),
    };
    let mut inputs = of_chats(history);
    inputs.extend([
        close(),
        Input::Close { reason: EndReason::SUPERSEDED },
        texts("Hello"),
        texts("STOP"),
        texts("HELP"),
        text("YES", None),
        text("YES", Some("keyword")),
        person_writes(),
        Input::HandBack,
        takes_turn(),
        Input::ClaimTurn { objections: Objections::SUPPRESSED },
        Input::ClaimTurn { objections: Objections::SUSPENDED },
        Input::Tick,
        Input::Abandon,
    ]);
    for turn in [conversation.turns.saturating_sub(1), conversation.turns] {
        let answered = |content: &str, objections| Input::Answered { turn, content: content.to_owned(), objections };
        inputs.extend([
            answers(turn),
            answered(" ", Objections::NONE),
            answered("x", Objections::SUPPRESSED),
            answered("x", Objections::SUSPENDED),
            fails(turn),
            Input::TurnFailed { turn, why: "no".to_owned(), retryable: false, retry_after: None },
            Input::Speechless { turn, why: "it has no model".to_owned() },
            Input::ToolCalled { turn, name: "hours".to_owned(), arguments: serde_json::Value::Null },
        ]);
    }
    for tool in &conversation.pending_tools {
        let tool_call_id = tool.tool_call_id.clone();
        inputs.push(Input::ToolAnswered { tool_call_id, outcome: ToolOutcome::Error("no".to_owned()) });
    }
    for number in sent_numbers(history) {
        let stored = history.stored(number);
        inputs.extend([
            history.claim_of(number),
            Input::ClaimSend { stored: stored.clone(), objections: Objections::SUPPRESSED },
            Input::ClaimSend { stored, objections: Objections::SUSPENDED },
            history.outcome(number, accepted(&format!("m{number}"))),
            history.outcome(number, not_placed()),
            history.outcome(number, refused(EndReason::REJECTED)),
            history.outcome(number, refused(EndReason::OPTED_OUT)),
            history.outcome(number, unknown()),
            history.searched(number, None),
            history.searched(number, Some(report(&format!("m{number}"), DeliveryStatus::Sent))),
            history.reported(number, DeliveryStatus::Sent),
            history.reported(number, DeliveryStatus::Delivered),
            Input::Reported { stored: history.stored(number), report: report("other", DeliveryStatus::Failed) },
        ]);
    }
    inputs
}

/// Returns the views of a chat that a provider may show, and its answers about the chat's end.
fn of_chats(history: &History) -> Vec<Input> {
    let read = |suppressed_by: Option<&str>, objections| Input::ChatRead {
        opening: history.stored(1),
        shown: chat(&["Hello Ada"], None),
        suppressed_by: suppressed_by.map(str::to_owned),
        objections,
    };
    let other = ChatShown { id: ProviderMessageId::new("other"), texts: Vec::new(), ended: None };
    vec![
        read(Some("api"), Objections::NONE),
        read(None, Objections::SUSPENDED),
        history.read(None),
        history.read(Some(other)),
        history.read(chat(&["Hello Ada"], None)),
        history.read(chat(&["Hello, who is it?", "Ada"], None)),
        history.read(chat(&["Hello Ada", "STOP"], None)),
        history.read(chat(&["Hello Ada", "Hello", "Goodbye"], Some(EndReason::COMPLETED))),
        history.read(chat(&["1", "2", "3", "4", "5", "6", "7"], None)),
        Input::ChatEnded { confirmed: false },
        Input::ChatEnded { confirmed: true },
    ]
}

/// Returns the number of the opening message, and of each message on its way.
fn sent_numbers(history: &History) -> Vec<u32> {
    let mut numbers: Vec<u32> = history.conversation.sends.iter().map(|send| send.message).chain([1]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn moments(history: &History, now: Timestamp) -> Vec<Timestamp> {
    let instant = Span::milliseconds(1);
    let owed = history.conversation.obligations();
    let idle = history.conversation.idle_at();
    let due = owed.iter().map(|owed| owed.at).chain([idle]);
    let mut moments: Vec<Timestamp> = due.flat_map(|at| [at - instant, at]).collect();
    moments.retain(|moment| *moment > now);
    moments.push(now);
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// Result of the search: the number of states and pairs that were explored.
struct Explored {
    shapes: usize,
    pairs: usize,
}

fn explore() -> Explored {
    let (texts, chats) = (explore_from(History::new()), explore_from(History::of_a_chat()));
    Explored { shapes: texts.shapes + chats.shapes, pairs: texts.pairs + chats.pairs }
}

fn explore_from(mut first: History) -> Explored {
    first.conversation.retention = Retention::of_days(Retention::SHORTEST_DAYS);
    let mut known = HashSet::from([Shape::of(&first)]);
    let mut open: VecDeque<(History, Timestamp)> = VecDeque::from([(first.clone(), first.conversation.created_at)]);
    let mut pairs = 0;
    while let Some((history, since)) = open.pop_front() {
        invariants::of_a_state(&history);
        for now in moments(&history, since) {
            invariants::of_what_is_due(&history, now);
            for input in inputs(&history) {
                pairs += 1;
                let after = history.clone().after(now, input.clone());
                invariants::of_a_step(&history, &input, now, after.last.as_ref().unwrap());
                // The opening message and one more are enough, because messages on their way do not depend on each other.
                let few = after.conversation.sends.iter().filter(|send| send.message != 1).count() <= 1;
                if few && known.insert(Shape::of(&after)) {
                    open.push_back((after, now));
                }
            }
        }
    }
    Explored { shapes: known.len(), pairs }
}

#[test]
fn every_rule_holds_for_every_state_and_input() {
    let Explored { shapes, pairs } = explore();
    println!("{shapes} shapes, {pairs} pairs");
    assert!(shapes >= SHAPES && pairs >= PAIRS, "only {shapes} shapes and {pairs} pairs");
}

/// Proves that the rules above find each planted bug.
#[cfg(feature = "planted-bugs")]
#[test]
fn the_pairs_find_each_planted_bug() {
    use crate::planted::{Bug, plant};

    let bugs = [
        Bug::ResendTimeout,
        Bug::TextSuppressed,
        Bug::AnswerStale,
        Bug::ForgetTurn,
        Bug::DeliveryMovesBack,
        Bug::StopIsAnOrdinaryText,
        Bug::ReadChatAnew,
        Bug::KeepChat,
    ];
    for bug in bugs {
        plant(Some(bug));
        let found = std::panic::catch_unwind(explore).is_err();
        plant(None);
        assert!(found, "{bug:?} is not found");
    }
}
