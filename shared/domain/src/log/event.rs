//! Table of the events for clients: the name, the channel and the data of each type.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    CallEnded, CallStarted, Consent, ConversationClosed, DeliveryUpdated, SmsMessage, ToolCallInvocation,
    ToolCallResult, TurnFailed,
};
use crate::call::Analysis;
use crate::endpoint::{EndpointDisabled, WebhookTest};
use crate::ids::Channel;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $name:tt, $channel:expr;)*) => {
        /// Event type, by the name that clients subscribe to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            /// All event types, in the order of the table.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Returns the name that clients subscribe to.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the channel whose conversations have events of this type; `None` if both have, or neither.
            pub const fn channel(self) -> Option<Channel> {
                match self {
                    $(Self::$variant => $channel,)*
                }
            }
        }

        /// Event with its data, as clients receive it.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "event", content = "data")]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $name)] $variant($data),)*
        }

        impl Event {
            /// Returns the event's type.
            pub const fn event_type(&self) -> EventType {
                match self {
                    $(Self::$variant(_) => EventType::$variant,)*
                }
            }

            /// Returns the event's data as JSON.
            ///
            /// # Errors
            /// Serialization error if the data cannot be written as JSON.
            pub fn data(&self) -> Result<Value, serde_json::Error> {
                match self {
                    $(Self::$variant(data) => serde_json::to_value(data),)*
                }
            }
        }
    };
}

events! {
    /// A call was answered.
    CallStarted(CallStarted) = "call.started", Some(Channel::Voice);
    /// A call is over. It occurs once for every accepted call.
    CallEnded(CallEnded) = "call.ended", Some(Channel::Voice);
    /// The analysis of a call is available.
    CallAnalyzed(Analysis) = "call.analyzed", Some(Channel::Voice);
    /// An SMS message was sent.
    SmsMessageSent(SmsMessage) = "sms.message_sent", Some(Channel::Sms);
    /// An SMS message came in.
    SmsMessageReceived(SmsMessage) = "sms.message_received", Some(Channel::Sms);
    /// The delivery status of an SMS message changed.
    SmsMessageDeliveryUpdated(DeliveryUpdated) = "sms.message_delivery_updated", Some(Channel::Sms);
    /// The agent called a tool.
    SmsToolCallInvocation(ToolCallInvocation) = "sms.tool_call_invocation", Some(Channel::Sms);
    /// A tool call has a result.
    SmsToolCallResult(ToolCallResult) = "sms.tool_call_result", Some(Channel::Sms);
    /// The agent could not answer a customer's message.
    SmsTurnFailed(TurnFailed) = "sms.turn_failed", Some(Channel::Sms);
    /// An SMS conversation is over.
    SmsConversationClosed(ConversationClosed) = "sms.conversation_closed", Some(Channel::Sms);
    /// A customer does not want to be contacted any more.
    ContactOptOut(Consent) = "contact.opt_out", None;
    /// A customer wants to be contacted again.
    ContactOptIn(Consent) = "contact.opt_in", None;
    /// A webhook endpoint was disabled.
    EndpointDisabled(EndpointDisabled) = "endpoint.disabled", None;
    /// A client tested a webhook endpoint.
    WebhookTest(WebhookTest) = "webhook.test", None;
}

impl EventType {
    /// Parses a name; `None` if no event type has it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

impl Event {
    /// Returns the channel that the event comes from. This is the channel of its type, or the one on which a customer
    /// opted out or in.
    pub const fn channel(&self) -> Option<Channel> {
        match self {
            Self::ContactOptOut(consent) | Self::ContactOptIn(consent) => Some(consent.channel),
            _ => self.event_type().channel(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EventType;

    #[test]
    fn an_event_type_is_stored_and_read_under_its_name() {
        for event in EventType::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
            assert_eq!(EventType::parse(event.name()), Some(event));
        }
    }
}
