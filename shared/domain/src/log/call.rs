//! What the events of calls carry.

use serde::{Deserialize, Serialize};

use crate::call::{AnsweredBy, Cost};
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::ids::ProviderCallId;
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::time::Timestamp;

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
