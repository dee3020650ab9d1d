//! What a conversation's log holds: the events that clients hear of, and notes that only operators read.

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

/// One entry of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Its place in the log, from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub entry: Entry,
}

/// What a log entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Something that clients hear of.
    Event {
        /// Counts the events of the conversation from 1, without gaps.
        sequence: u64,
        /// The event.
        event: Event,
    },
    /// Something that clients hear of and that belongs to no conversation: it stands alone in a log of its own.
    Notice {
        /// The channel it came by, where it came by one.
        channel: Option<Channel>,
        /// The agent it concerns, where it concerns one.
        agent: Option<AgentId>,
        /// The event.
        event: Event,
    },
    /// Something that only operators read. Takes no number in the sequence.
    Note {
        /// The note.
        note: Note,
    },
}

impl Entry {
    /// The event that clients hear of; `None` where this is a note.
    pub const fn event(&self) -> Option<&Event> {
        match self {
            Self::Event { event, .. } | Self::Notice { event, .. } => Some(event),
            Self::Note { .. } => None,
        }
    }

    /// The event's `sequence`; `None` where there is no event, or it belongs to no conversation.
    pub const fn sequence(&self) -> Option<u64> {
        match self {
            Self::Event { sequence, .. } => Some(*sequence),
            Self::Notice { .. } | Self::Note { .. } => None,
        }
    }
}
