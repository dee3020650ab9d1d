//! A text that came in where no conversation is open: it is told to the organization whose number it was sent to, and a
//! keyword in it counts all the same.

use super::{Author, Direction, Inbound};
use crate::effect::Effect;
use crate::ids::{Channel, ConversationId, MessageId, Scope};
use crate::log::{Entry, Event, LogEntry, SmsMessage};
use crate::phone::PhoneNumber;
use crate::suppression::{KeywordEffect, keyword_effect};
use crate::time::Timestamp;

/// A text that belongs to no conversation.
#[derive(Clone, Debug)]
pub struct Alone {
    /// The log it stands in: its own, the same however often it comes.
    pub log_id: ConversationId,
    /// The number it was sent to.
    pub ours: PhoneNumber,
    /// Who sent it.
    pub customer: PhoneNumber,
    /// The text.
    pub inbound: Inbound,
}

impl Alone {
    /// A text that came in between these numbers.
    pub fn new(scope: &Scope, ours: PhoneNumber, customer: PhoneNumber, inbound: Inbound) -> Self {
        let log_id = ConversationId::of_inbound(scope, inbound.provider_message_id.as_str());
        Self { log_id, ours, customer, inbound }
    }

    /// What follows from it: log entries, and at most one effect on the do-not-call list. `suppressed_by` is where the
    /// customer's entry on that list comes from.
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
