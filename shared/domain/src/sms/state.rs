//! Where a conversation's texts and its agent's turn stand.

use serde::{Deserialize, Serialize};

use crate::dispatch::{Asking, Unknown};
use crate::time::Timestamp;

/// Why a text leaves: which rules it has to keep until the moment it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It opens the conversation. It still leaves where a newer conversation has closed this one.
    Opening,
    /// The agent answers.
    Reply,
    /// A person writes.
    Person,
    /// The configured answer to HELP.
    Help,
    /// The configured text for a turn that failed.
    Fallback,
    /// The configured confirmation of an opt-out: the opt-out does not block it.
    OptOutConfirmation,
}

impl Purpose {
    /// Whether such a text must not leave to somebody on the do-not-call list.
    pub const fn heeds_suppression(self) -> bool {
        match self {
            Self::Opening | Self::Reply | Self::Person | Self::Help | Self::Fallback => true,
            Self::OptOutConfirmation => false,
        }
    }
}

/// A text on its way to the provider, until it is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Send {
    /// The text's number.
    pub message: u32,
    /// Why it leaves.
    pub purpose: Purpose,
    /// The number of the last attempt begun; 0 before the first.
    pub attempt: u32,
    /// Where that attempt stands.
    pub state: SendState,
    /// What it answers, where it is the agent's answer or its first part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answering: Option<Answering>,
}

/// What a text of the agent's answers: so that it counts as unanswered again where the provider refuses the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answering {
    /// The turn.
    pub turn: u32,
    /// The customer's last text that was answered before.
    pub answered_before: u32,
    /// Tries at this answer that failed.
    pub tries: u32,
}

/// Where the attempt to send a text stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum SendState {
    /// To be sent: nothing was asked yet, or the last attempt provably never happened.
    Waiting {
        /// It may be claimed from then on.
        from: Timestamp,
        /// Attempts that provably never happened.
        failures: u32,
    },
    /// One consumer holds the lease and asks the provider.
    Asking(Asking),
    /// Asked; whether the provider took the text is not known.
    Unknown(Unknown),
}

/// Where the agent's turn stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Turn {
    /// Nothing is to be answered.
    Idle,
    /// Something is: texts are gathered until then, or the last try failed.
    Waiting {
        /// It may be claimed from then on.
        from: Timestamp,
        /// Tries that failed.
        tries: u32,
        /// Turns given up since the last answer, for something newer that came in.
        abandoned: u32,
    },
    /// One consumer holds the lease and works on an answer.
    Running {
        /// The turn's number.
        number: u32,
        /// From then on the consumer is taken for dead.
        lease_until: Timestamp,
        /// The last text of the customer's that it has seen.
        seen: u32,
        /// Tools called so far.
        tool_calls: u32,
        /// Tries that failed.
        tries: u32,
        /// Turns given up since the last answer, for something newer that came in.
        abandoned: u32,
    },
}
