//! An SMS conversation: what it is, what can happen to it, and what follows.
//!
//! Three things go on in it, each by its own rules: texts leave ([`Send`]: claimed, asked for once, settled as a call's
//! dispatch is), texts come in, and the agent takes its turns ([`Turn`]: one at a time, for everything unanswered).
//!
//! Where an agent of the provider's holds the conversation, the opening text begins a [`Chat`], and what else goes on is read
//! there.

mod alone;
mod chat;
mod consent;
mod conversation;
mod input;
mod keyword;
mod measured;
mod message;
mod obligation;
mod pace;
mod pair;
mod segments;
mod send;
mod settings;
mod silence;
mod split;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod transition;
mod turn;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

pub use alone::Alone;
pub use chat::Chat;
pub use input::{ChatShown, ChatText, Claim, DeliveryReport, Inbound, Input, Outcome, ToolAsked};
pub use keyword::Keyword;
pub use message::{Author, DeliveryStatus, Direction, LONGEST_TEXT, Message, StoredMessage};
pub use obligation::Duty;
pub use pace::{Pace, Silence, SilenceReason};
pub use pair::pair_digest;
pub use segments::{Encoding, Segments, TextLimit};
pub use settings::{Brief, Kind, ModelSettings, Opening, SmsSettings, Terms, USUAL_MESSAGES_PER_HOUR, USUAL_TURNS};
pub use silence::MOST_REPETITIONS;
pub use split::{MOST_PARTS, split};
pub use state::{Answering, Purpose, Send, SendState, Turn};
pub use step::step;
pub use turn::{MAX_ABANDONED, MAX_TRIES, TURN_LEASE};

use crate::agent::AgentRef;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::ids::{ConversationId, ProviderMessageId, Scope};
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::retention::Retention;
use crate::time::Timestamp;
use crate::variants::all;

/// Where a conversation stands, in the words of the contract. It only ever moves forwards.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsConversationStatus))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Its opening text is on its way to the provider.
    Sending,
    /// Its opening text was accepted by the provider.
    InProgress,
    /// It is over.
    Ended,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// The status as text.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An SMS conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmsConversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is, and in which mode.
    pub scope: Scope,
    /// The fingerprint of the request it was accepted for.
    pub fingerprint: String,
    /// Who holds it.
    pub agent: AgentRef,
    /// Who carries its texts.
    pub provider: Provider,
    /// The customer's number.
    pub to: PhoneNumber,
    /// Our number.
    pub from: PhoneNumber,
    /// What its agent was set to when it began.
    pub terms: Terms,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Where it stands.
    pub status: Status,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Whose doing that was, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// The provider's id for the opening text.
    pub opening_id: Option<ProviderMessageId>,
    /// Texts so far, in both directions: the last one's number.
    pub messages: u32,
    /// When the last text came in or was asked for.
    pub last_message_at: Timestamp,
    /// The customer's last text that wants an answer; 0 before the first.
    pub received: u32,
    /// The customer's last text that was answered, or is left unanswered for good.
    pub answered: u32,
    /// A person has taken over: the agent is silent.
    pub taken_over: bool,
    /// Texts on their way to the provider.
    pub sends: Vec<Send>,
    /// Where the agent's turn stands.
    pub turn: Turn,
    /// Turns so far: the last one's number.
    pub turns: u32,
    /// Tools that were called and have not answered yet.
    pub pending_tools: Vec<ToolAsked>,
    /// Events so far: the last one's `sequence`.
    pub sequence: u64,
    /// Log entries so far, events included.
    pub log_length: u64,
    /// The request that it was accepted for, as the client was told: it stands in the log of whatever is done for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// For how long what it brought is kept; for good where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// The chat at the provider whose own agent holds the conversation, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// What of the agent's last answer has still to leave, text by text, each once the one before it was taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest: Vec<String>,
    /// How much the agent has said, and whether it has fallen silent.
    #[serde(default, skip_serializing_if = "Pace::is_unused")]
    pub pace: Pace,
    /// Only its head is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

/// What a conversation is made of, at acceptance.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is.
    pub scope: Scope,
    /// The fingerprint of its request.
    pub fingerprint: String,
    /// Who holds it.
    pub agent: AgentRef,
    /// Who carries its texts.
    pub provider: Provider,
    /// The customer's number.
    pub to: PhoneNumber,
    /// Our number.
    pub from: PhoneNumber,
    /// What its agent is set to.
    pub terms: Terms,
    /// The opening text.
    pub opening: String,
    /// For how long what it brings is kept.
    pub retention: Option<Retention>,
    /// The request that it is accepted for.
    pub request_id: Option<String>,
}

impl SmsConversation {
    /// A conversation that was just accepted, with its opening text: claimed already by the request that brought it.
    pub fn accept(new: NewConversation, now: Timestamp) -> (Self, Message) {
        let opening = Message::outbound(new.id, 1, Author::Agent, new.opening, now);
        let conversation = Self {
            id: new.id,
            scope: new.scope,
            fingerprint: new.fingerprint,
            agent: new.agent,
            provider: new.provider,
            to: new.to,
            from: new.from,
            terms: new.terms,
            created_at: now,
            status: Status::Sending,
            ended_at: None,
            end_reason: None,
            ended_by: None,
            opening_id: None,
            messages: 1,
            last_message_at: now,
            received: 0,
            answered: 0,
            taken_over: false,
            sends: vec![Send::claimed(1, Purpose::Opening, now)],
            turn: Turn::Idle,
            turns: 0,
            pending_tools: Vec::new(),
            sequence: 0,
            log_length: 0,
            request_id: new.request_id,
            retention: new.retention,
            chat: None,
            rest: Vec::new(),
            pace: Pace::default(),
            forgotten: false,
        };
        (conversation, opening)
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        self.status == Status::Ended
    }

    /// Whether nothing of ours is under way: no turn to take, no text to send. Only then is silence the customer's; a
    /// conversation is not closed for inactivity because our answer is late.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.turn == Turn::Idle && self.sends.is_empty()
    }

    /// Whether another text can be written now.
    pub fn takes_texts(&self) -> bool {
        !self.is_ended() && !self.provider.holds_chats() && self.sends.len() < send::MAX_SENDS
    }

    /// Whether an agent of ours answers what the customer writes.
    pub fn answers(&self) -> bool {
        self.terms.answers && !self.provider.holds_chats()
    }

    /// The text of that number on its way to the provider.
    pub fn send(&self, message: u32) -> Option<&Send> {
        self.sends.iter().find(|send| send.message == message)
    }
}
