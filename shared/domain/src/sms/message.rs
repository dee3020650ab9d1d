//! SMS messages and their delivery status.

use serde::{Deserialize, Serialize};

use crate::ids::{ConversationId, MessageId, ProviderMessageId};
use crate::time::Timestamp;

/// Length limit of the provider that takes the longest messages, in UTF-16 units.
pub const LONGEST_TEXT: usize = 1_600;

/// Author of an SMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// Agent of the conversation.
    Agent,
    /// Person who has taken the conversation over.
    Person,
    /// Customer.
    Customer,
}

/// Direction of an SMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the organization to the customer.
    Outbound,
    /// From the customer to the organization.
    Inbound,
}

/// Delivery status of an SMS message, in the same words for every provider. It only moves forward, and `delivered`,
/// `undelivered` and `failed` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SmsDeliveryStatus))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Message is on its way to the provider, or in the provider's queue.
    Queued,
    /// Provider has handed the message on.
    Sent,
    /// Message has arrived.
    Delivered,
    /// Message has not arrived.
    Undelivered,
    /// Message was not sent.
    Failed,
}

impl DeliveryStatus {
    /// Returns `true` if no other status can follow.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Sent => false,
            Self::Delivered | Self::Undelivered | Self::Failed => true,
        }
    }

    /// Returns `true` if this status may replace `known`. A status only moves forward, and a final one stays.
    pub fn follows(self, known: Self) -> bool {
        !known.is_final() && self > known
    }
}

/// SMS message of a conversation, in either direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id of the message.
    pub id: MessageId,
    /// Number of the message in the conversation, from 1. Both directions are counted together.
    pub number: u32,
    /// Author of the message.
    pub author: Author,
    /// Content of the message.
    pub content: String,
    /// Time at which the message came in, or was written by us.
    pub created_at: Timestamp,
    /// Time at which the provider accepted the message. For the customer's messages, it is the time at which they came in
    /// or were written.
    pub sent_at: Option<Timestamp>,
    /// Provider's id for the message, once it is known.
    pub provider_message_id: Option<ProviderMessageId>,
    /// Delivery status; `None` for the customer's messages.
    pub status: Option<DeliveryStatus>,
    /// Reason why the message was not delivered: the provider's error code, or one of our end reasons.
    pub error_code: Option<String>,
}

impl Message {
    /// Creates a message that has not been sent yet.
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

    /// Returns the direction, which follows from the author.
    pub const fn direction(&self) -> Direction {
        match self.author {
            Author::Agent | Author::Person => Direction::Outbound,
            Author::Customer => Direction::Inbound,
        }
    }
}

/// Message as stored in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Content and state of the message.
    pub message: Message,
    /// Number of writes of the item. A write checks it, so that no other write is lost.
    pub version: u64,
}
