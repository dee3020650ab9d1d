//! A delivery with everything that its next attempt needs.

use domain::call::Call;
use domain::delivery::Delivery;
use domain::endpoint::{Endpoint, Failing};
use domain::log::LogEntry;
use domain::payload::Content;
use domain::sms::SmsConversation;

use crate::error::StoreError;
use crate::read::Items;

/// Conversation of either channel.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Phone call.
    Call(Box<Call>),
    /// SMS conversation.
    Sms(Box<SmsConversation>),
}

/// Delivery with everything it needs, read in one round trip.
#[derive(Debug)]
pub struct PendingDelivery {
    /// Delivery as it was read.
    pub delivery: Delivery,
    /// Data to send and its destination. [`StoreError::Corrupt`] if a part cannot be decoded.
    pub parts: Result<DeliveryParts, StoreError>,
    pub(crate) version: u64,
}

/// Data that a delivery sends, and its destination.
#[derive(Debug)]
pub struct DeliveryParts {
    /// Log entry with the event, or `None` if the entry has expired.
    pub entry: Option<LogEntry>,
    /// Conversation of the event, or `None` if the event belongs to none.
    pub subject: Option<Subject>,
    /// Request payload of the conversation.
    pub content: Content,
    /// Destination, or `None` if the endpoint was deleted.
    pub endpoint: Option<Endpoint>,
    /// Failure state of the endpoint, if it is failing.
    pub failing: Option<Failing>,
    /// Other items that were read: the first part of the transcript.
    pub items: Items,
}
