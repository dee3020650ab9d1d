//! Unmatched inbound message: an SMS message that finds no open conversation. The organization that owns the called number
//! gets an event. A keyword in the message takes effect as usual.

use super::{Author, Direction, Inbound};
use crate::effect::Effect;
use crate::ids::{Channel, ConversationId, MessageId, Scope};
use crate::log::{Entry, Event, LogEntry, SmsMessage};
use crate::phone::PhoneNumber;
use crate::suppression::{KeywordEffect, keyword_effect};
use crate::time::Timestamp;

/// Inbound SMS message without a conversation.
#[derive(Clone, Debug)]
pub struct UnmatchedInbound {
    /// Id of the log that holds only this message. It follows from the provider's id, so that a repeated delivery has the
    /// same log.
    pub log_id: ConversationId,
    /// Number that the message was sent to.
    pub ours: PhoneNumber,
    /// Number of the customer, who sent the message.
    pub customer: PhoneNumber,
    /// Content of the message.
    pub inbound: Inbound,
}

impl UnmatchedInbound {
    /// Creates the unmatched message from the two numbers.
    pub fn new(scope: &Scope, ours: PhoneNumber, customer: PhoneNumber, inbound: Inbound) -> Self {
        let log_id = ConversationId::of_inbound(scope, inbound.provider_message_id.as_str());
        Self { log_id, ours, customer, inbound }
    }

    /// Returns the log entries of the message, and at most one effect on the do-not-call list. `suppressed_by` is the
    /// source of the customer's entry on that list, if there is one.
    pub fn taken_in(&self, suppressed_by: Option<&str>, now: Timestamp) -> (Vec<LogEntry>, Option<Effect>) {
        let received = Event::SmsMessageReceived(SmsMessage {
            message_id: MessageId::of(self.log_id, 1),
            provider_message_id: self.inbound.provider_message_id.clone(),
            sequence_number: None,
            from: self.customer.clone(),
            to: self.ours.clone(),
            content: self.inbound.content.clone(),
            direction: Direction::Inbound,
            sent_at: now,
            author: Author::Customer,
        });
        let asked_for = keyword_effect(self.inbound.keyword(), suppressed_by);
        let consent = asked_for.map(|keyword| keyword.event(&self.customer));
        let events = std::iter::once(received).chain(consent);
        let entry = |event| Entry::Notice { channel: Some(Channel::Sms), agent: None, event };
        let log = (1..).zip(events).map(|(number, event)| LogEntry { number, at: now, entry: entry(event) }).collect();
        (log, asked_for.map(KeywordEffect::effect))
    }
}
