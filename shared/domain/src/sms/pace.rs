//! Counters of an agent's messages in a conversation, and its silence.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Reason why an agent is silent: the limit `maxTurns`, the limit `maxMessagesPerHour`, or the same message from the customer
/// three times in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SilenceReason {
    /// Agent has given the maximum number of answers in one conversation: `maxTurns`.
    MaxTurns,
    /// Agent has sent the maximum number of messages in one hour: `maxMessagesPerHour`. It answers later.
    MaxMessagesPerHour,
    /// Customer has sent the same message at least three times in a row.
    RepeatedText,
}

/// Silence of an agent: the customer's messages get no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentSilence))]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// Reason of the silence.
    pub reason: SilenceReason,
    /// Time at which the silence began.
    pub since: Timestamp,
    /// Time at which the silence ends by itself; absent if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Counters of an agent's messages in a conversation, for its limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pace {
    /// Number of answers since the conversation began, or since a person handed it back.
    pub answers: u32,
    /// Start of the hour in which messages are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour_from: Option<Timestamp>,
    /// Number of the agent's messages in that hour.
    pub in_hour: u32,
    /// Digest of the customer's last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_text: Option<String>,
    /// Number of times in a row that the customer sent that message.
    pub repetitions: u32,
    /// Silence of the agent, if it has fallen silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
}

impl Pace {
    /// Returns `true` if nothing has been counted yet.
    pub(super) fn is_unused(&self) -> bool {
        *self == Self::default()
    }
}
