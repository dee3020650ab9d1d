//! SMS conversation: its state, its inputs, and the rules for each input.
//!
//! Three processes run in a conversation, each by its own rules:
//! - Messages are sent ([`Send`]). A consumer claims a message and requests it once. The attempt is settled as a call's
//!   dispatch is.
//! - Messages come in.
//! - The agent takes turns ([`Turn`]), one at a time. A turn answers everything that is unanswered.
//!
//! If the provider's own agent holds the conversation, the opening message begins a [`Chat`]. Everything after it is read
//! from that chat.

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

pub use alone::UnmatchedInbound;
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

/// Status of an SMS conversation: `sending` until the provider accepts the opening message, then `in_progress`, and at last
/// `ended`. It only moves forward.
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
    /// Opening message is on its way to the provider.
    Sending,
    /// Opening message was accepted by the provider.
    InProgress,
    /// Conversation is over.
    Ended,
}

impl Status {
    /// All statuses, in order.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Returns the status as it is written in the API, such as `in_progress`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// SMS conversation, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmsConversation {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Organization and mode that the conversation belongs to.
    pub scope: Scope,
    /// Fingerprint of the request that created the conversation.
    pub fingerprint: String,
    /// Agent of the conversation, as it was at acceptance.
    pub agent: AgentRef,
    /// Provider that carries the messages.
    pub provider: Provider,
    /// Phone number of the customer.
    pub to: PhoneNumber,
    /// Phone number of the organization.
    pub from: PhoneNumber,
    /// Timing, limits and fixed texts of the agent, as they were at acceptance.
    pub terms: Terms,
    /// Time of acceptance.
    pub created_at: Timestamp,
    /// Status of the conversation.
    pub status: Status,
    /// Time of the end; `None` while the conversation is open.
    pub ended_at: Option<Timestamp>,
    /// Reason of the end.
    pub end_reason: Option<EndReason>,
    /// Party that ended the conversation, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// Provider's id for the opening message, once the provider has accepted it.
    pub opening_id: Option<ProviderMessageId>,
    /// Number of messages so far, in both directions. It is also the number of the last message.
    pub messages: u32,
    /// Time at which the last message came in or was written.
    pub last_message_at: Timestamp,
    /// Number of the customer's last message that wants an answer; 0 before the first one.
    pub received: u32,
    /// Number of the customer's last message that was answered, or is left unanswered for good.
    pub answered: u32,
    /// `true` while a person has taken over. The agent writes nothing then.
    pub taken_over: bool,
    /// Messages on their way to the provider.
    pub sends: Vec<Send>,
    /// State of the agent's turn.
    pub turn: Turn,
    /// Number of turns so far. It is also the number of the last turn.
    pub turns: u32,
    /// Tool calls without a result so far.
    pub pending_tools: Vec<ToolAsked>,
    /// Number of events so far. It is also the last event's `sequence`.
    pub sequence: u64,
    /// Number of log entries so far, events included.
    pub log_length: u64,
    /// Id of the request that created the conversation, as returned to the client. Later work for the conversation logs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Time for which the conversation's data is kept after its end; `None` if it is kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Chat at the provider whose own agent holds the conversation; `None` until the provider has begun it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// Parts of the agent's last answer that are still to be sent. Each is sent after the provider has accepted the part
    /// before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest: Vec<String>,
    /// Counters for the limits on the agent's messages, and its silence if it has fallen silent.
    #[serde(default, skip_serializing_if = "Pace::is_unused")]
    pub pace: Pace,
    /// `true` if only the tombstone is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

/// Data from which a conversation is created at acceptance.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Organization and mode that the conversation belongs to.
    pub scope: Scope,
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Agent of the conversation.
    pub agent: AgentRef,
    /// Provider that carries the messages.
    pub provider: Provider,
    /// Phone number of the customer.
    pub to: PhoneNumber,
    /// Phone number of the organization.
    pub from: PhoneNumber,
    /// Timing, limits and fixed texts of the agent.
    pub terms: Terms,
    /// Content of the opening message.
    pub opening: String,
    /// Time for which the conversation's data is kept after its end; `None` if it is kept for good.
    pub retention: Option<Retention>,
    /// Id of the request.
    pub request_id: Option<String>,
}

impl SmsConversation {
    /// Creates a conversation with its opening message. The request that creates it also claims that message.
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

    /// Returns `true` if the conversation is over.
    pub fn is_ended(&self) -> bool {
        self.status == Status::Ended
    }

    /// Returns `true` if no turn is pending and no message of ours is being sent. Only then does silence count as the
    /// customer's: a late answer of ours never closes a conversation for inactivity.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.turn == Turn::Idle && self.sends.is_empty()
    }

    /// Returns `true` if another message can be written now. That needs an open conversation that is not a chat, with room
    /// among the messages on their way.
    pub fn takes_texts(&self) -> bool {
        !self.is_ended() && !self.provider.holds_chats() && self.sends.len() < send::MAX_SENDS
    }

    /// Returns `true` if an agent of ours answers the customer's messages.
    pub fn answers(&self) -> bool {
        self.terms.answers && !self.provider.holds_chats()
    }

    /// Returns the message with this number, if it is on its way to the provider.
    pub fn send(&self, message: u32) -> Option<&Send> {
        self.sends.iter().find(|send| send.message == message)
    }
}
