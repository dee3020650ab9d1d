//! What a conversation's log holds: the events that clients hear of, and notes that only operators read.

mod note;
mod sms;

pub use note::Note;
use serde::{Deserialize, Serialize};
pub use sms::{
    ConversationClosed, DeliveryUpdated, SmsMessage, ToolCallInvocation, ToolCallOutcome, ToolCallResult, TurnFailed,
};

use crate::call::{Analysis, AnsweredBy, Cost};
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::endpoint::{EndpointDisabled, WebhookTest};
use crate::ids::{AgentId, Channel, ProviderCallId};
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::time::Timestamp;

/// An event type, by the name clients subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventType {
    /// A call connected.
    #[serde(rename = "call.started")]
    CallStarted,
    /// A call is over; once for every accepted call.
    #[serde(rename = "call.ended")]
    CallEnded,
    /// A call was analysed.
    #[serde(rename = "call.analyzed")]
    CallAnalyzed,
    /// An SMS was sent.
    #[serde(rename = "sms.message_sent")]
    SmsMessageSent,
    /// An SMS came in.
    #[serde(rename = "sms.message_received")]
    SmsMessageReceived,
    /// An SMS's delivery state changed.
    #[serde(rename = "sms.message_delivery_updated")]
    SmsMessageDeliveryUpdated,
    /// A tool was called.
    #[serde(rename = "sms.tool_call_invocation")]
    SmsToolCallInvocation,
    /// A tool answered.
    #[serde(rename = "sms.tool_call_result")]
    SmsToolCallResult,
    /// The agent could not answer what a customer wrote.
    #[serde(rename = "sms.turn_failed")]
    SmsTurnFailed,
    /// An SMS conversation is over.
    #[serde(rename = "sms.conversation_closed")]
    SmsConversationClosed,
    /// Somebody wants to hear nothing more.
    #[serde(rename = "contact.opt_out")]
    ContactOptOut,
    /// Somebody takes that back.
    #[serde(rename = "contact.opt_in")]
    ContactOptIn,
    /// An endpoint was disabled.
    #[serde(rename = "endpoint.disabled")]
    EndpointDisabled,
    /// A test.
    #[serde(rename = "webhook.test")]
    WebhookTest,
}

impl EventType {
    /// Every event type.
    pub const ALL: [Self; 14] = [
        Self::CallStarted,
        Self::CallEnded,
        Self::CallAnalyzed,
        Self::SmsMessageSent,
        Self::SmsMessageReceived,
        Self::SmsMessageDeliveryUpdated,
        Self::SmsToolCallInvocation,
        Self::SmsToolCallResult,
        Self::SmsTurnFailed,
        Self::SmsConversationClosed,
        Self::ContactOptOut,
        Self::ContactOptIn,
        Self::EndpointDisabled,
        Self::WebhookTest,
    ];

    /// The name that clients subscribe to.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallStarted => "call.started",
            Self::CallEnded => "call.ended",
            Self::CallAnalyzed => "call.analyzed",
            Self::SmsMessageSent => "sms.message_sent",
            Self::SmsMessageReceived => "sms.message_received",
            Self::SmsMessageDeliveryUpdated => "sms.message_delivery_updated",
            Self::SmsToolCallInvocation => "sms.tool_call_invocation",
            Self::SmsToolCallResult => "sms.tool_call_result",
            Self::SmsTurnFailed => "sms.turn_failed",
            Self::SmsConversationClosed => "sms.conversation_closed",
            Self::ContactOptOut => "contact.opt_out",
            Self::ContactOptIn => "contact.opt_in",
            Self::EndpointDisabled => "endpoint.disabled",
            Self::WebhookTest => "webhook.test",
        }
    }

    /// Reads a name; `None` where there is no such event.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

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

/// An event's data, as in the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data")]
pub enum Event {
    /// A call connected.
    #[serde(rename = "call.started")]
    CallStarted(CallStarted),
    /// A call is over.
    #[serde(rename = "call.ended")]
    CallEnded(CallEnded),
    /// A call was analysed.
    #[serde(rename = "call.analyzed")]
    CallAnalyzed(Analysis),
    /// An SMS was sent.
    #[serde(rename = "sms.message_sent")]
    SmsMessageSent(SmsMessage),
    /// An SMS came in.
    #[serde(rename = "sms.message_received")]
    SmsMessageReceived(SmsMessage),
    /// An SMS's delivery state changed.
    #[serde(rename = "sms.message_delivery_updated")]
    SmsMessageDeliveryUpdated(DeliveryUpdated),
    /// A tool was called.
    #[serde(rename = "sms.tool_call_invocation")]
    SmsToolCallInvocation(ToolCallInvocation),
    /// A tool answered.
    #[serde(rename = "sms.tool_call_result")]
    SmsToolCallResult(ToolCallResult),
    /// The agent could not answer what a customer wrote.
    #[serde(rename = "sms.turn_failed")]
    SmsTurnFailed(TurnFailed),
    /// An SMS conversation is over.
    #[serde(rename = "sms.conversation_closed")]
    SmsConversationClosed(ConversationClosed),
    /// Somebody wants to hear nothing more.
    #[serde(rename = "contact.opt_out")]
    ContactOptOut(Consent),
    /// Somebody takes that back.
    #[serde(rename = "contact.opt_in")]
    ContactOptIn(Consent),
    /// An endpoint was disabled.
    #[serde(rename = "endpoint.disabled")]
    EndpointDisabled(EndpointDisabled),
    /// A test.
    #[serde(rename = "webhook.test")]
    WebhookTest(WebhookTest),
}

impl Event {
    /// The event's type.
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::CallStarted(_) => EventType::CallStarted,
            Self::CallEnded(_) => EventType::CallEnded,
            Self::CallAnalyzed(_) => EventType::CallAnalyzed,
            Self::SmsMessageSent(_) => EventType::SmsMessageSent,
            Self::SmsMessageReceived(_) => EventType::SmsMessageReceived,
            Self::SmsMessageDeliveryUpdated(_) => EventType::SmsMessageDeliveryUpdated,
            Self::SmsToolCallInvocation(_) => EventType::SmsToolCallInvocation,
            Self::SmsToolCallResult(_) => EventType::SmsToolCallResult,
            Self::SmsTurnFailed(_) => EventType::SmsTurnFailed,
            Self::SmsConversationClosed(_) => EventType::SmsConversationClosed,
            Self::ContactOptOut(_) => EventType::ContactOptOut,
            Self::ContactOptIn(_) => EventType::ContactOptIn,
            Self::EndpointDisabled(_) => EventType::EndpointDisabled,
            Self::WebhookTest(_) => EventType::WebhookTest,
        }
    }
}

/// The data of `call.started`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallStarted {
    /// When it was answered.
    pub started_at: Timestamp,
    /// The calling number.
    pub from: PhoneNumber,
    /// The called number.
    pub to: PhoneNumber,
    /// Who placed it.
    pub provider: Provider,
    /// The provider's id for it.
    pub provider_call_id: ProviderCallId,
    /// Who answered, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
}

/// The data of `call.ended`, but for the transcript's text, which stands in items of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallEnded {
    /// When it was answered, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it lasted.
    pub duration_seconds: u32,
    /// Why it ended.
    pub end_reason: EndReason,
    /// Whose doing that was, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// Who answered, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// Whether the transcript was stored when the event was emitted, and so belongs to it.
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub has_transcript: bool,
    /// Whether there is a recording to be had.
    pub recording_available: bool,
    /// What it cost, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// The data of `contact.opt_out` and `contact.opt_in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Whose wish it is.
    pub phone_number: PhoneNumber,
    /// Where it was said.
    pub channel: Channel,
    /// How we know: `analysis`, `keyword`, `carrier`.
    pub source: String,
    /// The keyword.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
}
