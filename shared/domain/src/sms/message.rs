//! Texts, and how far the provider says each got.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, MessageId, ProviderMessageId};
use crate::time::Timestamp;

/// The longest text that any provider takes, in UTF-16 units.
pub const LONGEST_TEXT: usize = 1_600;

/// Who wrote a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The agent.
    Agent,
    /// A person who took over.
    Person,
    /// The customer.
    Customer,
}

/// Whether a text goes out or comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the customer.
    Outbound,
    /// From the customer.
    Inbound,
}

/// Where the delivery of a text stands, whatever its provider calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsDeliveryStatus))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It is on its way to the provider, or in its queue.
    Queued,
    /// The provider handed it on.
    Sent,
    /// It arrived.
    Delivered,
    /// It did not arrive.
    Undelivered,
    /// It was not sent.
    Failed,
}

impl DeliveryStatus {
    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Sent => false,
            Self::Delivered | Self::Undelivered | Self::Failed => true,
        }
    }

    /// Whether this is news to somebody who knows that state: it only ever moves forwards.
    pub fn follows(self, known: Self) -> bool {
        !known.is_final() && self > known
    }
}

/// A text of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Counts the conversation's texts from 1, in both directions.
    pub number: u32,
    /// Who wrote it.
    pub author: Author,
    /// The text.
    pub content: String,
    /// When it came in, or was asked for.
    pub created_at: Timestamp,
    /// When the provider took it; for the customer's, when it came in.
    pub sent_at: Option<Timestamp>,
    /// The provider's id for it.
    pub provider_message_id: Option<ProviderMessageId>,
    /// Where its delivery stands; nothing for the customer's.
    pub status: Option<DeliveryStatus>,
    /// Why it was not delivered.
    pub error_code: Option<String>,
}

impl Message {
    /// A text that is to leave.
    pub fn outbound(id: ConversationId, number: u32, author: Author, content: String, now: Timestamp) -> Self {
        Self {
            id: MessageId::of(id, number),
            number,
            author,
            content,
            created_at: now,
            sent_at: None,
            provider_message_id: None,
            status: Some(DeliveryStatus::Queued),
            error_code: None,
        }
    }

    /// Whether it goes out or came in.
    pub const fn direction(&self) -> Direction {
        match self.author {
            Author::Agent | Author::Person => Direction::Outbound,
            Author::Customer => Direction::Inbound,
        }
    }
}

/// A text as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// The text.
    pub message: Message,
    /// Counts its writes.
    pub version: u64,
}
