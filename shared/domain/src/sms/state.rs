//! State of a conversation's outbound messages and of its agent's turn.

use serde::{Deserialize, Serialize};

use crate::dispatch::{Asking, Unknown};
use crate::time::Timestamp;

/// Purpose of an outbound message. It decides which rules apply until the message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Opening of the conversation. It is sent even if a newer conversation has closed this one.
    Opening,
    /// Answer of the agent.
    Reply,
    /// Message of a person.
    Person,
    /// Configured answer to HELP.
    Help,
    /// Configured text for a failed turn.
    Fallback,
    /// Configured confirmation of an opt-out. The opt-out does not block it.
    OptOutConfirmation,
}

impl Purpose {
    /// Returns `true` if such a message must not be sent to a customer on the do-not-call list.
    pub const fn heeds_suppression(self) -> bool {
        match self {
            Self::Opening | Self::Reply | Self::Person | Self::Help | Self::Fallback => true,
            Self::OptOutConfirmation => false,
        }
    }
}

/// Message on its way to the provider, until it is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Send {
    /// Number of the message.
    pub message: u32,
    /// Purpose of the message.
    pub purpose: Purpose,
    /// Number of the last attempt; 0 before the first one.
    pub attempt: u32,
    /// State of that attempt.
    pub state: SendState,
    /// Messages that it answers, if it is the agent's answer or its first part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answering: Option<Answering>,
}

/// Messages that an answer covers. They count as unanswered again if the provider refuses the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answering {
    /// Number of the turn.
    pub turn: u32,
    /// Number of the customer's last message that had been answered before.
    pub answered_before: u32,
    /// Number of failed tries at this answer.
    pub tries: u32,
}

/// State of the attempt to send a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum SendState {
    /// Message still has to be sent: no attempt was made yet, or the last one provably never happened.
    Waiting {
        /// Time from which a consumer may claim it.
        from: Timestamp,
        /// Number of attempts that provably never happened.
        failures: u32,
    },
    /// One consumer has the lease and requests the message at the provider.
    Asking(Asking),
    /// Message was requested, and it is not known if the provider has it.
    Unknown(Unknown),
}

/// State of the agent's turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Turn {
    /// No message has to be answered.
    Idle,
    /// Messages have to be answered. They are still being gathered, or the last try failed.
    Waiting {
        /// Time from which a consumer may claim the turn.
        from: Timestamp,
        /// Number of failed tries.
        tries: u32,
        /// Number of turns since the last answer that were abandoned because something newer came in.
        abandoned: u32,
    },
    /// One consumer has the lease and works on an answer.
    Running {
        /// Number of the turn.
        number: u32,
        /// End of the lease. From then on the consumer counts as dead.
        lease_until: Timestamp,
        /// Number of the customer's last message that the turn has seen.
        seen: u32,
        /// Number of tool calls so far.
        tool_calls: u32,
        /// Number of failed tries.
        tries: u32,
        /// Number of turns since the last answer that were abandoned because something newer came in.
        abandoned: u32,
    },
}
