//! Steps of an SMS conversation.

use domain::ids::MessageId;
use domain::log::{Entry, Event, LogEntry, SmsMessage, ToolCallOutcome};
use domain::sms::{Author, DeliveryStatus, SmsConversation};

use super::{Told, redacted, written};

pub(super) fn opened(sms: &SmsConversation) -> Told {
    Told::new("opened", format!("{} texts {}", sms.agent.slug, redacted(&sms.to, sms.scope.mode)))
}

/// Returns the steps that new entries of a log tell of. `sms` is the conversation, unless the log belongs to none.
pub(super) fn logged(sms: Option<&SmsConversation>, log: &[LogEntry]) -> Vec<Told> {
    let told = log.iter().filter_map(|entry| match &entry.entry {
        Entry::Event { event, .. } | Entry::Notice { event, .. } => told(sms, event),
        Entry::Note { note } => Told::note(note),
    });
    told.collect()
}

fn told(sms: Option<&SmsConversation>, event: &Event) -> Option<Told> {
    let told = match event {
        Event::SmsMessageSent(message) => match (message.author, message.sequence_number) {
            (Author::Person, _) => Told::new("text sent", format!("{}, by a person", size(message))),
            (Author::Agent, Some(2..)) => Told::new("answer", size(message)).good(),
            (Author::Agent | Author::Customer, _) => Told::new("text sent", size(message)),
        },
        Event::SmsMessageReceived(message) => {
            let strange = if sms.is_none() { ", belongs to no open conversation" } else { "" };
            Told::new("customer's text", format!("{}{strange}", size(message)))
        }
        Event::SmsMessageDeliveryUpdated(update) => {
            let number = sms.and_then(|sms| number(sms, update.message_id));
            let number = number.map(|number| format!("text {number}")).unwrap_or_default();
            let error = update.error_code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
            let told = Told::new(written(update.status), format!("{number}{error}"));
            match update.status {
                DeliveryStatus::Queued | DeliveryStatus::Sent => told,
                DeliveryStatus::Delivered => told.good(),
                DeliveryStatus::Undelivered | DeliveryStatus::Failed => told.bad(),
            }
        }
        Event::SmsToolCallInvocation(call) => Told::new("tool call", call.name.as_str()),
        Event::SmsToolCallResult(result) => {
            let outcome = written(result.outcome);
            let told = Told::new("tool answer", format!("{}: {outcome} in {} ms", result.name, result.duration_ms));
            if result.outcome == ToolCallOutcome::Ok { told } else { told.bad() }
        }
        // The reason may quote what the model said.
        Event::SmsTurnFailed(turn) => Told::new("no answer", format!("after {} tries", turn.tries)).bad(),
        Event::SmsConversationClosed(closed) => Told::new("closed", closed.end_reason.as_str()),
        Event::ContactOptOut(consent) => Told::new("opted out", consent.source.as_str()),
        Event::ContactOptIn(consent) => Told::new("opted in", consent.source.as_str()),
        Event::CallStarted(_)
        | Event::CallEnded(_)
        | Event::CallAnalyzed(_)
        | Event::EndpointDisabled(_)
        | Event::WebhookTest(_) => return None,
    };
    Some(told)
}

/// Returns the number and the size of a text.
fn size(message: &SmsMessage) -> String {
    let length = message.content.chars().count();
    match message.sequence_number {
        Some(number) => format!("text {number}, {length} characters"),
        None => format!("{length} characters"),
    }
}

/// Returns the number of the text with this id.
fn number(sms: &SmsConversation, id: MessageId) -> Option<u32> {
    (1..=sms.messages).find(|number| MessageId::of(sms.id, *number) == id)
}
