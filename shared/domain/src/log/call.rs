//! Data of the events of calls.

use serde::{Deserialize, Serialize};

use crate::call::{AnsweredBy, Cost};
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::ids::ProviderCallId;
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::time::Timestamp;

/// Data of the event `call.started`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallStarted {
    /// Time at which the call was answered.
    pub started_at: Timestamp,
    /// Calling number, in E.164.
    pub from: PhoneNumber,
    /// Called number, in E.164.
    pub to: PhoneNumber,
    /// Provider that placed the call.
    pub provider: Provider,
    /// Provider's id for the call.
    pub provider_call_id: ProviderCallId,
    /// Party that answered, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
}

/// Data of the event `call.ended`, without the transcript, which is stored in separate items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallEnded {
    /// Time at which the call was answered, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Time at which the call ended.
    pub ended_at: Timestamp,
    /// Duration of the call in seconds; 0 if it was not answered.
    pub duration_seconds: u32,
    /// Reason for the end.
    pub end_reason: EndReason,
    /// Party that ended the call, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// Party that answered, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// `true` if the transcript was stored when the event was published. The event then contains it.
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub has_transcript: bool,
    /// `true` if there is a recording of the call.
    pub recording_available: bool,
    /// Price that the provider charged, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}
