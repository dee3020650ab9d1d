//! Inputs of an SMS conversation. A provider's own words are translated in its adapter: inside, only the types of this
//! module are used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Author, DeliveryStatus, Keyword, StoredMessage};
use crate::end_reason::EndReason;
use crate::holder::{HeldBy, Holder};
use crate::ids::ProviderMessageId;
use crate::objections::Objections;
use crate::time::{Span, Timestamp};
use crate::tool::ToolOutcome;

/// Result of asking a provider to send a message.
pub type Outcome = crate::dispatch::Outcome<ProviderMessageId>;

/// Right to one action, claimed by an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Right to request this message at the provider, once.
    Send {
        /// Number of the message.
        message: u32,
        /// Number of the attempt.
        attempt: u32,
    },
    /// Right to take this turn of the agent.
    Turn {
        /// Number of the turn.
        turn: u32,
    },
    /// Right to call a tool, once.
    Tool {
        /// Number of the turn.
        turn: u32,
        /// Position of the call in the turn, from 1.
        index: u32,
    },
}

/// Inbound SMS message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Provider's id for the message.
    pub provider_message_id: ProviderMessageId,
    /// Content of the message. It may have any length and any characters.
    pub content: String,
    /// Keyword that the carrier took the message for, whatever its words are. The carrier has acted on it already.
    pub carrier_keyword: Option<Keyword>,
}

impl Inbound {
    /// Returns `true` if the message asks to end all messages.
    pub fn is_opt_out(&self) -> bool {
        self.keyword().is_some_and(|(keyword, _)| keyword == Keyword::Stop)
    }

    /// Returns the keyword that the message is, with the word for the record. The carrier's judgement takes precedence over
    /// our own.
    pub(super) fn keyword(&self) -> Option<(Keyword, &'static str)> {
        let carriers = self.carrier_keyword.map(|keyword| (keyword, keyword.usual_word()));
        carriers.or_else(|| Keyword::of(&self.content))
    }
}

/// Provider's report on an outbound message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReport {
    /// Provider's id for the message.
    pub provider_message_id: ProviderMessageId,
    /// Delivery status of the message.
    pub status: DeliveryStatus,
    /// Provider's error code, if delivery failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// `true` if the error code says that the customer opted out at the carrier.
    #[serde(default)]
    pub opted_out: bool,
}

/// Chat, as its provider shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatShown {
    /// Provider's id for the chat.
    pub id: ProviderMessageId,
    /// Messages so far. The opening message is the first.
    pub texts: Vec<ChatText>,
    /// Reason of the end, if the chat is over.
    pub ended: Option<EndReason>,
}

/// Message of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatText {
    /// Provider's id for the message.
    pub id: ProviderMessageId,
    /// Author of the message: the provider's agent or the customer.
    pub author: Author,
    /// Content of the message.
    pub content: String,
    /// Time at which the message was written.
    pub at: Timestamp,
}

/// Recipient status, as it was loaded together with a chat that was read.
pub(super) struct RecipientStatus {
    /// Source of the customer's entry on the do-not-call list, if there is one.
    pub(super) suppressed_by: Option<String>,
    /// Objections to continuing the conversation.
    pub(super) objections: Objections,
}

/// Tool call without a result so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolAsked {
    /// Id of the tool call.
    pub tool_call_id: String,
    /// Number of the turn that made the call.
    pub turn: u32,
    /// Name of the tool.
    pub name: String,
    /// Time of the call.
    pub since: Timestamp,
    /// Time from which the worker that made the call counts as dead, and the outcome of the call as unknown.
    pub until: Timestamp,
}

/// Input of an SMS conversation: anything that can happen to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Request to close the conversation, by a client or by a newer conversation between the same numbers.
    Close {
        /// Reason of the end.
        reason: EndReason,
    },
    /// Inbound message of the customer.
    Received {
        /// Message that came in.
        inbound: Inbound,
        /// Source of the customer's entry on the do-not-call list, if there is one.
        suppressed_by: Option<String>,
    },
    /// Message by a person, who takes the conversation over.
    PersonWrites {
        /// Content of the message.
        content: String,
        /// Idempotency key of the request, with the request's fingerprint.
        key: Option<(String, String)>,
    },
    /// Return of the conversation from the person to the agent.
    HandBack,
    /// Attempt of a consumer to claim a waiting message.
    ClaimSend {
        /// Message to send.
        stored: StoredMessage,
        /// Objections to sending it.
        objections: Objections,
    },
    /// Result of an attempt, from the consumer that claimed it.
    SendOutcome {
        /// Number of the attempt.
        attempt: u32,
        /// Message of the attempt.
        stored: StoredMessage,
        /// Result of the attempt.
        outcome: Outcome,
    },
    /// Result of a search for a message at the provider.
    SendSearched {
        /// Number of the attempt.
        attempt: u32,
        /// Message that was searched for.
        stored: StoredMessage,
        /// Provider's report on the message that was found; `None` if nothing was found or the search failed.
        found: Option<DeliveryReport>,
        /// Evidence that the found message is this one.
        by: HeldBy,
    },
    /// Loss of a message at the provider that was matched to this conversation by likeness. The provider has named another
    /// conversation for it.
    TakenAway {
        /// Message of this conversation that it was matched to.
        stored: StoredMessage,
        /// Provider's id for the message at the provider.
        id: ProviderMessageId,
        /// Conversation that owns the message at the provider.
        to: Holder,
    },
    /// Report of the provider on a message, without being asked.
    Reported {
        /// Message that the report is about.
        stored: StoredMessage,
        /// Content of the report.
        report: DeliveryReport,
    },
    /// Result of reading the chat that the provider's own agent holds. The provider also shows chats without being asked.
    ChatRead {
        /// Opening message.
        opening: StoredMessage,
        /// Chat; `None` if the provider did not answer, or does not know the chat.
        shown: Option<ChatShown>,
        /// Source of the customer's entry on the do-not-call list, if there is one.
        suppressed_by: Option<String>,
        /// Objections to continuing the chat.
        objections: Objections,
    },
    /// Result of a request to the provider to end the chat.
    ChatEnded {
        /// `true` if the provider says that the chat is over.
        confirmed: bool,
    },
    /// Attempt of a consumer to claim the agent's turn.
    ClaimTurn {
        /// Objections to taking the turn.
        objections: Objections,
    },
    /// Request of the model to call a tool.
    ToolCalled {
        /// Number of the turn.
        turn: u32,
        /// Name of the tool.
        name: String,
        /// Arguments of the call.
        arguments: Value,
    },
    /// Result of a tool call. The worker has finished it or given it up.
    ToolAnswered {
        /// Id of the tool call.
        tool_call_id: String,
        /// Result of the call.
        outcome: ToolOutcome,
    },
    /// Answer of the model.
    Answered {
        /// Number of the turn.
        turn: u32,
        /// Text of the answer. It is blank if the model chooses to say nothing.
        content: String,
        /// Objections to sending the answer.
        objections: Objections,
    },
    /// Failure of a try at a turn.
    TurnFailed {
        /// Number of the turn.
        turn: u32,
        /// Reason, for the log and the event. It contains no message content and no phone number.
        why: String,
        /// `true` if another try may succeed.
        retryable: bool,
        /// Wait that the model asks for.
        retry_after: Option<Span>,
    },
    /// Lack of any means to answer, now and for the rest of the conversation.
    Speechless {
        /// Number of the turn.
        turn: u32,
        /// Description of the missing setting or resource.
        why: String,
    },
    /// Passage of time.
    Tick,
    /// Lack of progress: an overdue action was requeued several times without effect.
    Abandon,
}
