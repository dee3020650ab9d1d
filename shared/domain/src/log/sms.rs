//! What the events of SMS conversations carry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::ids::{MessageId, ProviderMessageId};
use crate::phone::PhoneNumber;
use crate::sms::{Author, DeliveryStatus, Direction};
use crate::time::Timestamp;
use crate::tool::ToolOutcome;

/// The data of `sms.message_sent` and `sms.message_received`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SmsMessage {
    /// The text's id.
    pub message_id: MessageId,
    /// The provider's id for it.
    pub provider_message_id: ProviderMessageId,
    /// Counts the texts of the conversation from 1, in both directions; null where it belongs to no conversation.
    pub sequence_number: Option<u32>,
    /// Who sent it.
    pub from: PhoneNumber,
    /// Whom it was sent to.
    pub to: PhoneNumber,
    /// The text.
    pub content: String,
    /// Whether it went out or came in.
    pub direction: Direction,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Who wrote it.
    pub author: Author,
}

/// The data of `sms.message_delivery_updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryUpdated {
    /// The text's id.
    pub message_id: MessageId,
    /// The provider's id for it; null where the provider never had it.
    pub provider_message_id: Option<ProviderMessageId>,
    /// Where its delivery stands.
    pub status: DeliveryStatus,
    /// Where it stood before.
    pub previous_status: DeliveryStatus,
    /// Why it was not delivered: the provider's own code, or one of our reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// When we heard of it.
    pub at: Timestamp,
}

/// The data of `sms.tool_call_invocation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCallInvocation {
    /// Names the call of the tool: the same in its result, and in the request to the tool.
    pub tool_call_id: String,
    /// The turn it was called in.
    pub turn: u32,
    /// The tool.
    pub name: String,
    /// What it was called with.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub arguments: Value,
}

/// What came of calling a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToolCallOutcome {
    /// It did what it was asked to.
    Ok,
    /// It did not.
    Error,
    /// Whether it did is not known. It is not asked again.
    Unknown,
}

impl ToolCallOutcome {
    /// What came of it, without the answer.
    pub const fn of(outcome: &ToolOutcome) -> Self {
        match outcome {
            ToolOutcome::Ok(_) => Self::Ok,
            ToolOutcome::Error(_) => Self::Error,
            ToolOutcome::Unknown => Self::Unknown,
        }
    }
}

/// The data of `sms.tool_call_result`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCallResult {
    /// Names the call of the tool.
    pub tool_call_id: String,
    /// The turn it was called in.
    pub turn: u32,
    /// The tool.
    pub name: String,
    /// What came of it.
    pub outcome: ToolCallOutcome,
    /// What it answered, cut off at 8 KiB; null where its outcome is unknown.
    pub result: Option<String>,
    /// How long it took.
    pub duration_ms: u32,
}

impl ToolCallResult {
    /// What came of it, with the answer.
    pub fn outcome(&self) -> ToolOutcome {
        let result = self.result.clone().unwrap_or_default();
        match self.outcome {
            ToolCallOutcome::Ok => ToolOutcome::Ok(result),
            ToolCallOutcome::Error => ToolOutcome::Error(result),
            ToolCallOutcome::Unknown => ToolOutcome::Unknown,
        }
    }
}

/// The data of `sms.turn_failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnFailed {
    /// The last turn that was tried.
    pub turn: u32,
    /// How often an answer was tried.
    pub tries: u32,
    /// Why the last try failed.
    pub reason: String,
    /// Whether the agent's fallback text is sent instead of an answer.
    pub fallback: bool,
}

/// The data of `sms.conversation_closed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationClosed {
    /// When it ended.
    pub ended_at: Timestamp,
    /// Why it ended.
    pub end_reason: EndReason,
    /// Whose doing that was, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
}
