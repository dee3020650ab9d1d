//! The pace of an agent in a conversation: how much it has said, and whether it is silent.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Why an agent is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SilenceReason {
    /// It has given as many answers as it may in one conversation: `maxTurns`.
    MaxTurns,
    /// It has sent as many texts as it may in an hour: `maxMessagesPerHour`. It answers later.
    MaxMessagesPerHour,
    /// The customer sent the same text for the third time in a row, at least.
    RepeatedText,
}

/// An agent's silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentSilence))]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// Why.
    pub reason: SilenceReason,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How much an agent has said in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pace {
    /// Answers so far, since the conversation began or a person handed it back.
    pub answers: u32,
    /// When the hour began that texts are counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour_from: Option<Timestamp>,
    /// The agent's texts in that hour.
    pub in_hour: u32,
    /// A digest of the customer's last text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_text: Option<String>,
    /// How often it came in a row.
    pub repetitions: u32,
    /// Whether it has fallen silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
}

impl Pace {
    /// Whether nothing was counted yet.
    pub(super) fn is_unused(&self) -> bool {
        *self == Self::default()
    }
}
