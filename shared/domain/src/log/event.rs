//! The table of the events that clients hear of: the name, the channel and the data of each type.

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
        /// An event type, by the name clients subscribe to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            /// Every event type, in the order of the table.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Returns the name that clients subscribe to.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the channel whose conversations bring events of this type; `None` if either does, or none.
            pub const fn channel(self) -> Option<Channel> {
                match self {
                    $(Self::$variant => $channel,)*
                }
            }
        }

        /// An event's data, as in the contract.
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
            /// The data cannot be written as JSON.
            pub fn data(&self) -> Result<Value, serde_json::Error> {
                match self {
                    $(Self::$variant(data) => serde_json::to_value(data),)*
                }
            }
        }
    };
}

events! {
    /// A call connected.
    CallStarted(CallStarted) = "call.started", Some(Channel::Voice);
    /// A call is over; once for every accepted call.
    CallEnded(CallEnded) = "call.ended", Some(Channel::Voice);
    /// A call was analysed.
    CallAnalyzed(Analysis) = "call.analyzed", Some(Channel::Voice);
    /// An SMS was sent.
    SmsMessageSent(SmsMessage) = "sms.message_sent", Some(Channel::Sms);
    /// An SMS came in.
    SmsMessageReceived(SmsMessage) = "sms.message_received", Some(Channel::Sms);
    /// An SMS's delivery state changed.
    SmsMessageDeliveryUpdated(DeliveryUpdated) = "sms.message_delivery_updated", Some(Channel::Sms);
    /// A tool was called.
    SmsToolCallInvocation(ToolCallInvocation) = "sms.tool_call_invocation", Some(Channel::Sms);
    /// A tool answered.
    SmsToolCallResult(ToolCallResult) = "sms.tool_call_result", Some(Channel::Sms);
    /// The agent could not answer what a customer wrote.
    SmsTurnFailed(TurnFailed) = "sms.turn_failed", Some(Channel::Sms);
    /// An SMS conversation is over.
    SmsConversationClosed(ConversationClosed) = "sms.conversation_closed", Some(Channel::Sms);
    /// Somebody wants to hear nothing more.
    ContactOptOut(Consent) = "contact.opt_out", None;
    /// Somebody takes that back.
    ContactOptIn(Consent) = "contact.opt_in", None;
    /// An endpoint was disabled.
    EndpointDisabled(EndpointDisabled) = "endpoint.disabled", None;
    /// A test.
    WebhookTest(WebhookTest) = "webhook.test", None;
}

impl EventType {
    /// Reads a name; `None` if no event type has it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

impl Event {
    /// Returns the channel that the event comes from: that of its type, or the one on which a customer opted out or in.
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
