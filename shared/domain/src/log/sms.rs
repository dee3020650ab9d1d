//! Data of the events of SMS conversations.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::ids::{MessageId, ProviderMessageId};
use crate::phone::PhoneNumber;
use crate::sms::{Author, DeliveryStatus, Direction};
use crate::time::Timestamp;
use crate::tool::ToolOutcome;

/// Data of the events `sms.message_sent` and `sms.message_received`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SmsMessage {
    /// Id of the message.
    pub message_id: MessageId,
    /// Provider's id for the message.
    pub provider_message_id: ProviderMessageId,
    /// Number of the message in the conversation, from 1, counted in both directions; null if it belongs to no
    /// conversation.
    pub sequence_number: Option<u32>,
    /// Number of the sender, in E.164.
    pub from: PhoneNumber,
    /// Number of the recipient, in E.164.
    pub to: PhoneNumber,
    /// Text of the message.
    pub content: String,
    /// Direction of the message: outbound or inbound.
    pub direction: Direction,
    /// Time at which the message was sent.
    pub sent_at: Timestamp,
    /// Author of the message.
    pub author: Author,
}

/// Data of the event `sms.message_delivery_updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryUpdated {
    /// Id of the message.
    pub message_id: MessageId,
    /// Provider's id for the message; null if the provider never accepted it.
    pub provider_message_id: Option<ProviderMessageId>,
    /// New delivery status.
    pub status: DeliveryStatus,
    /// Delivery status before the change.
    pub previous_status: DeliveryStatus,
    /// Reason for a failed delivery: the provider's own code, or one of the service's own reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Time at which the service learned of the change.
    pub at: Timestamp,
}

/// Data of the event `sms.tool_call_invocation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCallInvocation {
    /// Id of the tool call. It is the same in the call's result and in the request to the tool.
    pub tool_call_id: String,
    /// Number of the turn that made the call.
    pub turn: u32,
    /// Name of the tool.
    pub name: String,
    /// Arguments of the call.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub arguments: Value,
}

/// Outcome of a tool call. A call with an `unknown` outcome is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToolCallOutcome {
    /// The tool did what it was asked to do.
    Ok,
    /// The tool did not do what it was asked to do.
    Error,
    /// The service does not know if the tool did what it was asked to do. The call is not repeated.
    Unknown,
}

impl ToolCallOutcome {
    /// Returns the kind of an outcome, without the tool's answer.
    pub const fn of(outcome: &ToolOutcome) -> Self {
        match outcome {
            ToolOutcome::Ok(_) => Self::Ok,
            ToolOutcome::Error(_) => Self::Error,
            ToolOutcome::Unknown => Self::Unknown,
        }
    }
}

/// Data of the event `sms.tool_call_result`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolCallResult {
    /// Id of the tool call, as in `sms.tool_call_invocation`.
    pub tool_call_id: String,
    /// Number of the turn that made the call.
    pub turn: u32,
    /// Name of the tool.
    pub name: String,
    /// Outcome of the call.
    pub outcome: ToolCallOutcome,
    /// Answer of the tool, cut off at 8 KiB; null if the outcome is unknown.
    pub result: Option<String>,
    /// Duration of the call in milliseconds.
    pub duration_ms: u32,
}

impl ToolCallResult {
    /// Returns the outcome with the tool's answer.
    pub fn outcome(&self) -> ToolOutcome {
        let result = self.result.clone().unwrap_or_default();
        match self.outcome {
            ToolCallOutcome::Ok => ToolOutcome::Ok(result),
            ToolCallOutcome::Error => ToolOutcome::Error(result),
            ToolCallOutcome::Unknown => ToolOutcome::Unknown,
        }
    }
}

/// Data of the event `sms.turn_failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnFailed {
    /// Number of the last turn that was tried.
    pub turn: u32,
    /// Number of tries to answer.
    pub tries: u32,
    /// Explanation for the failure of the last try.
    pub reason: String,
    /// `true` if the agent's fallback text is sent instead of an answer.
    pub fallback: bool,
}

/// Data of the event `sms.conversation_closed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationClosed {
    /// Time at which the conversation ended.
    pub ended_at: Timestamp,
    /// Reason for the end.
    pub end_reason: EndReason,
    /// Party that ended the conversation, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
}
