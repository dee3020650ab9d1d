//! What can happen to an SMS conversation. A provider's own words die at its adapter: inside there is only what stands
//! here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Author, DeliveryStatus, Keyword, StoredMessage};
use crate::end_reason::EndReason;
use crate::holder::{HeldBy, Holder};
use crate::ids::ProviderMessageId;
use crate::objections::Objections;
use crate::time::{Span, Timestamp};
use crate::tool::ToolOutcome;

/// What came of asking a provider to send a text.
pub type Outcome = crate::dispatch::Outcome<ProviderMessageId>;

/// What an input claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The provider may be asked for this text, once.
    Send {
        /// The text's number.
        message: u32,
        /// The attempt.
        attempt: u32,
    },
    /// The agent may take this turn.
    Turn {
        /// The turn's number.
        turn: u32,
    },
    /// The tool may be called, once.
    Tool {
        /// The turn's number.
        turn: u32,
        /// The call's place in the turn, from 1.
        index: u32,
    },
}

/// A text that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The provider's id for it.
    pub provider_message_id: ProviderMessageId,
    /// The text, of any length and with anything in it.
    pub content: String,
    /// What the carrier took it for, and has acted on already, whatever its words are.
    pub carrier_keyword: Option<Keyword>,
}

impl Inbound {
    /// Whether it asks that nothing more be sent.
    pub fn is_opt_out(&self) -> bool {
        self.keyword().is_some_and(|(keyword, _)| keyword == Keyword::Stop)
    }

    /// The keyword that it is, with the word for the record: the carrier's judgement goes before our own.
    pub(super) fn keyword(&self) -> Option<(Keyword, &'static str)> {
        let carriers = self.carrier_keyword.map(|keyword| (keyword, keyword.usual_word()));
        carriers.or_else(|| Keyword::of(&self.content))
    }
}

/// What a provider says of a text that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReport {
    /// The provider's id for it.
    pub provider_message_id: ProviderMessageId,
    /// Where its delivery stands.
    pub status: DeliveryStatus,
    /// The provider's code for what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// That code says that the customer opted out at the carrier.
    #[serde(default)]
    pub opted_out: bool,
}

/// A chat as its provider shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatShown {
    /// The provider's id for it.
    pub id: ProviderMessageId,
    /// Its texts so far, the opening one first.
    pub texts: Vec<ChatText>,
    /// Why it is over, if it is.
    pub ended: Option<EndReason>,
}

/// A text of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatText {
    /// The provider's id for it.
    pub id: ProviderMessageId,
    /// Who wrote it: the provider's agent or the customer.
    pub author: Author,
    /// The text.
    pub content: String,
    /// When it was written.
    pub at: Timestamp,
}

/// What is known beside a chat that was read.
pub(super) struct Beside {
    /// Where the entry on the do-not-call list comes from, if the customer is on it.
    pub(super) suppressed_by: Option<String>,
    /// What stands against going on.
    pub(super) objections: Objections,
}

/// A tool that was called and has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolAsked {
    /// Names the call.
    pub tool_call_id: String,
    /// The turn it was called in.
    pub turn: u32,
    /// The tool.
    pub name: String,
    /// When it was called.
    pub since: Timestamp,
    /// From then on whoever called it is taken for dead, and its outcome for unknown.
    pub until: Timestamp,
}

/// What can happen to an SMS conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is closed: by a client, or by a newer conversation with the same numbers.
    Close {
        /// Why.
        reason: EndReason,
    },
    /// The customer wrote.
    Received {
        /// What.
        inbound: Inbound,
        /// Where the entry on the do-not-call list comes from, if the customer is on it.
        suppressed_by: Option<String>,
    },
    /// A person takes over and writes.
    PersonWrites {
        /// What.
        content: String,
        /// The idempotency key it was asked for under, with the request's fingerprint.
        key: Option<(String, String)>,
    },
    /// The person hands the conversation back to the agent.
    HandBack,
    /// A consumer wants to send a text.
    ClaimSend {
        /// The text.
        stored: StoredMessage,
        /// What stands against it.
        objections: Objections,
    },
    /// The consumer that claimed this attempt says what came of it.
    SendOutcome {
        /// The attempt.
        attempt: u32,
        /// The text.
        stored: StoredMessage,
        /// What came of it.
        outcome: Outcome,
    },
    /// The provider was searched for a text.
    SendSearched {
        /// The attempt.
        attempt: u32,
        /// The text.
        stored: StoredMessage,
        /// What the provider says of it; `None` where nothing was found, or the search failed.
        found: Option<DeliveryReport>,
        /// How what was found is known to be this text.
        by: HeldBy,
    },
    /// The text at the provider that was adopted by its likeness is another conversation's: the provider has named that one.
    TakenAway {
        /// The text.
        stored: StoredMessage,
        /// The provider's id for it.
        id: ProviderMessageId,
        /// Whose it is.
        to: Holder,
    },
    /// The provider reports on a text, unasked.
    Reported {
        /// The text.
        stored: StoredMessage,
        /// What it says.
        report: DeliveryReport,
    },
    /// The provider was asked for the chat that its own agent holds, or tells of it unasked.
    ChatRead {
        /// The opening text.
        opening: StoredMessage,
        /// The chat; `None` where the provider did not answer, or does not know it.
        shown: Option<ChatShown>,
        /// Where the entry on the do-not-call list comes from, if the customer is on it.
        suppressed_by: Option<String>,
        /// What stands against going on with it.
        objections: Objections,
    },
    /// The provider was asked to end that chat.
    ChatEnded {
        /// Whether it says that the chat is over.
        confirmed: bool,
    },
    /// A consumer wants to take the agent's turn.
    ClaimTurn {
        /// What stands against it.
        objections: Objections,
    },
    /// The model wants a tool to be called.
    ToolCalled {
        /// The turn.
        turn: u32,
        /// The tool.
        name: String,
        /// With what.
        arguments: Value,
    },
    /// A tool that was called is done, or was given up.
    ToolAnswered {
        /// Names the call.
        tool_call_id: String,
        /// What came of it.
        outcome: ToolOutcome,
    },
    /// The model has an answer.
    Answered {
        /// The turn.
        turn: u32,
        /// The answer; blank where the model would rather say nothing.
        content: String,
        /// What stands against it.
        objections: Objections,
    },
    /// A try at a turn failed.
    TurnFailed {
        /// The turn.
        turn: u32,
        /// For the log and the event: no text, no number.
        why: String,
        /// Whether another try could go better.
        retryable: bool,
        /// How long the model wants us to wait.
        retry_after: Option<Span>,
    },
    /// The agent has nothing to answer by, and will have nothing in this conversation.
    Speechless {
        /// The turn.
        turn: u32,
        /// What it lacks.
        why: String,
    },
    /// Time has passed.
    Tick,
    /// What is overdue made no progress in several tries.
    Abandon,
}
