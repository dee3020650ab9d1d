//! Log of a conversation: events for clients, and notes for operators only.

mod call;
mod consent;
mod event;
mod note;
mod sms;

pub use call::{CallEnded, CallStarted};
pub use consent::Consent;
pub use event::{Event, EventType};
pub use note::Note;
use serde::{Deserialize, Serialize};
pub use sms::{
    ConversationClosed, DeliveryUpdated, SmsMessage, ToolCallInvocation, ToolCallOutcome, ToolCallResult, TurnFailed,
};

use crate::ids::{AgentId, Channel};
use crate::time::Timestamp;

/// Entry of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Number of the entry in the log, from 1.
    pub number: u64,
    /// Time at which the entry was written.
    pub at: Timestamp,
    /// Content of the entry.
    pub entry: Entry,
}

/// Content of a log entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Event that is published to clients.
    Event {
        /// Number of the event in the conversation, from 1, without gaps.
        sequence: u64,
        /// Event with its data.
        event: Event,
    },
    /// Event that is published to clients and belongs to no conversation. It is the only entry of its own log.
    Notice {
        /// Channel that the event came from, if there is one.
        channel: Option<Channel>,
        /// Agent that the event is about, if there is one.
        agent: Option<AgentId>,
        /// Event with its data.
        event: Event,
    },
    /// Note that only operators read. It has no `sequence`.
    Note {
        /// Content of the note.
        note: Note,
    },
}

impl Entry {
    /// Returns the event that is published to clients; `None` for a note.
    pub const fn event(&self) -> Option<&Event> {
        match self {
            Self::Event { event, .. } | Self::Notice { event, .. } => Some(event),
            Self::Note { .. } => None,
        }
    }

    /// Returns the event's `sequence`; `None` for a note, and for an event without a conversation.
    pub const fn sequence(&self) -> Option<u64> {
        match self {
            Self::Event { sequence, .. } => Some(*sequence),
            Self::Notice { .. } | Self::Note { .. } => None,
        }
    }
}
