//! Tests of the rules of an SMS conversation: as single sentences, and on every pair of a state and an input.

mod bounds;
mod chats;
mod invariants;
mod pairs;
mod rules;

use std::collections::BTreeMap;

use super::{
    Author, ChatShown, ChatText, Claim, DeliveryReport, DeliveryStatus, Inbound, Input, Message, NewConversation,
    SmsConversation, StoredMessage, Terms,
};
use crate::agent::AgentRef;
use crate::conversation::{Change, Conversation};
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::holder::HeldBy;
use crate::ids::{AgentId, ConversationId, Mode, Operation, OrganizationId, ProviderMessageId, Scope};
use crate::log::EventType;
use crate::objections::Objections;
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::time::{Span, Timestamp};

/// Time of acceptance of every conversation in these tests.
const START: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

fn at(seconds: u32) -> Timestamp {
    START + Span::seconds(seconds)
}

/// Conversation with its messages and its events so far.
#[derive(Clone, Debug)]
struct History {
    conversation: SmsConversation,
    messages: BTreeMap<u32, StoredMessage>,
    events: Vec<EventType>,
    suppressed: bool,
    last: Option<Change<SmsConversation>>,
}

impl History {
    fn new() -> Self {
        let terms = Terms {
            help_text: Some("Write STOP to hear no more.".to_owned()),
            opt_out_text: Some("You will hear no more.".to_owned()),
            fallback_text: Some("Somebody will call you.".to_owned()),
            ..Terms::default()
        };
        Self::with(terms, Provider::Simulator)
    }

    /// Returns a conversation that the provider's agent holds.
    fn of_a_chat() -> Self {
        Self::with(Terms::default(), Provider::Retell)
    }

    fn with(terms: Terms, provider: Provider) -> Self {
        let scope = Scope { organization: OrganizationId::parse("acme").unwrap(), mode: Mode::Test };
        let new = NewConversation {
            id: ConversationId::for_key(&scope, Operation::CreateSmsConversation, "key"),
            fingerprint: "v1:0".to_owned(),
            agent: AgentRef {
                id: AgentId::for_slug(&scope.organization, "demo"),
                slug: "demo".to_owned(),
                name: String::new(),
                version: 1,
            },
            scope,
            provider,
            to: PhoneNumber::parse("+15555550123").unwrap(),
            from: PhoneNumber::parse("+15555550100").unwrap(),
            terms,
            opening: "Hello Ada".to_owned(),
            retention: None,
            request_id: None,
        };
        let (conversation, opening) = SmsConversation::accept(new, START);
        let messages = BTreeMap::from([(1, StoredMessage { message: opening, version: 1 })]);
        Self { conversation, messages, events: Vec::new(), suppressed: false, last: None }
    }

    /// Returns a conversation whose opening message was accepted.
    fn opened() -> Self {
        let new = Self::new();
        let outcome = new.outcome(1, accepted("m1"));
        new.then(1, outcome)
    }

    /// Applies an input, so many seconds after the acceptance.
    fn then(self, seconds: u32, input: Input) -> Self {
        self.after(at(seconds), input)
    }

    fn after(mut self, now: Timestamp, input: Input) -> Self {
        let change = self.conversation.advance(input, now);
        for entry in &change.log {
            self.events.extend(entry.entry.event().map(crate::log::Event::event_type));
        }
        for effect in &change.effects {
            match effect {
                Effect::StoreMessage(message) => {
                    let stored = StoredMessage { message: message.clone(), version: 1 };
                    assert!(self.messages.insert(message.number, stored).is_none(), "a text is stored once");
                }
                Effect::UpdateMessage(stored) => {
                    let next = StoredMessage { message: stored.message.clone(), version: stored.version + 1 };
                    self.messages.insert(stored.message.number, next);
                }
                Effect::Suppress { .. } => self.suppressed = true,
                Effect::LiftSuppression => self.suppressed = false,
                Effect::StoreTranscript(_)
                | Effect::SettleHold(_)
                | Effect::ChangePlaces(_)
                | Effect::RememberInbound { .. }
                | Effect::HoldAtProvider { .. }
                | Effect::HandOver { .. }
                | Effect::RememberKey(_)
                | Effect::Forget => {}
            }
        }
        self.conversation = change.after.clone();
        self.last = Some(change);
        self
    }

    fn stored(&self, number: u32) -> StoredMessage {
        self.messages[&number].clone()
    }

    fn attempt(&self, number: u32) -> u32 {
        self.conversation.send(number).map_or(1, |send| send.attempt)
    }

    fn outcome(&self, number: u32, outcome: super::Outcome) -> Input {
        Input::SendOutcome { attempt: self.attempt(number), stored: self.stored(number), outcome }
    }

    fn claim_of(&self, number: u32) -> Input {
        Input::ClaimSend {
            stored: self.stored(number),
            objections: Objections { suppressed: self.suppressed, ..Objections::NONE },
        }
    }

    fn searched(&self, number: u32, found: Option<DeliveryReport>) -> Input {
        Input::SendSearched { attempt: self.attempt(number), stored: self.stored(number), found, by: HeldBy::Name }
    }

    fn reported(&self, number: u32, status: DeliveryStatus) -> Input {
        Input::Reported { stored: self.stored(number), report: report(&format!("m{number}"), status) }
    }

    fn read(&self, shown: Option<ChatShown>) -> Input {
        let suppressed_by = self.suppressed.then(|| "keyword".to_owned());
        Input::ChatRead { opening: self.stored(1), shown, suppressed_by, objections: Objections::NONE }
    }

    fn claimed(&self) -> Option<Claim> {
        self.last.as_ref().and_then(|change| change.claimed)
    }

    fn message(&self, number: u32) -> &Message {
        &self.messages[&number].message
    }
}

fn report(id: &str, status: DeliveryStatus) -> DeliveryReport {
    DeliveryReport { provider_message_id: ProviderMessageId::new(id), status, error_code: None, opted_out: false }
}

fn accepted(id: &str) -> super::Outcome {
    super::Outcome::Accepted { id: ProviderMessageId::new(id) }
}

fn unknown() -> super::Outcome {
    super::Outcome::Unknown { why: "a test".to_owned() }
}

fn refused(reason: EndReason) -> super::Outcome {
    super::Outcome::Refused { reason, why: "a test".to_owned() }
}

fn not_placed() -> super::Outcome {
    super::Outcome::NotPlaced { retry_after: None, why: "a test".to_owned() }
}

fn texts(content: &str) -> Input {
    let inbound = Inbound {
        provider_message_id: ProviderMessageId::new("in"),
        content: content.to_owned(),
        carrier_keyword: None,
    };
    Input::Received { inbound, suppressed_by: None }
}

fn takes_turn() -> Input {
    Input::ClaimTurn { objections: Objections::NONE }
}

fn answers(turn: u32) -> Input {
    Input::Answered { turn, content: "An answer".to_owned(), objections: Objections::NONE }
}

fn fails(turn: u32) -> Input {
    Input::TurnFailed { turn, why: "a test".to_owned(), retryable: true, retry_after: None }
}

fn person_writes() -> Input {
    Input::PersonWrites { content: "It is me, Grace".to_owned(), key: None }
}

/// Returns a chat of these messages. The agent writes the first one, and the two sides alternate.
fn chat(texts: &[&str], ended: Option<EndReason>) -> Option<ChatShown> {
    let text = |(place, content): (usize, &&str)| ChatText {
        id: ProviderMessageId::new(format!("t{place}")),
        author: if place % 2 == 0 { Author::Agent } else { Author::Customer },
        content: (*content).to_owned(),
        at: START,
    };
    let texts = texts.iter().enumerate().map(text).collect();
    Some(ChatShown { id: ProviderMessageId::new("m1"), texts, ended })
}

fn close() -> Input {
    Input::Close { reason: EndReason::ADMIN_CLOSED }
}
