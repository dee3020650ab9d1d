//! States of a call's attempt, of its closing event and of its transcript, and the facts of a call.

use serde::{Deserialize, Serialize};

use super::{Analysis, AnsweredBy, Cost};
use crate::dispatch::{Asking, Unknown};
use crate::ids::ProviderCallId;
use crate::time::Timestamp;

/// State of the attempt to place the call. It may be settled later than the call is ended: a call that was closed while
/// the provider was being asked is still searched for, and hung up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Dispatch {
    /// To be dialled: the provider was not asked yet, or the last attempt provably never happened.
    Waiting {
        /// Start of this wait.
        since: Timestamp,
        /// Earliest time at which the call may be claimed.
        from: Timestamp,
        /// Number of attempts that provably never happened.
        failures: u32,
    },
    /// Being requested: one consumer owns the lease and asks the provider.
    Asking(Asking),
    /// Requested, but it is not known if the provider placed the call.
    Unknown(Unknown),
    /// Known to the provider as a call.
    Live {
        /// Time at which the provider's call became known.
        since: Timestamp,
        /// Time of the next poll, after a while without news, or when the call has reached its limit.
        next_poll_at: Timestamp,
        /// Pending hang-up. It is always set once the call is ended.
        hang_up: Option<HangUp>,
    },
    /// Nothing is open at the provider.
    Settled,
}

/// Pending hang-up of a provider's call, until the provider confirms it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HangUp {
    /// Time at which the hang-up became necessary.
    pub since: Timestamp,
    /// Time of the next request to the provider.
    pub next_at: Timestamp,
    /// Number of requests that the provider did not confirm.
    pub tries: u32,
}

/// Orphan call: a second call for an attempt, or a call for an attempt that the provider had refused. It is hung up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stray {
    /// Provider's id for the orphan call.
    pub call_id: ProviderCallId,
    /// Pending hang-up.
    pub hang_up: HangUp,
}

/// State of the closing event, `call.ended`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Closing {
    /// The call is not ended.
    Open,
    /// The call is ended. `call.ended` waits for the hang-up's confirmation, the transcript and the answering party.
    Due {
        /// Deadline, at which `call.ended` is published without them.
        by: Timestamp,
    },
    /// `call.ended` is published.
    Announced,
}

/// State of the transcript. Its text is stored in separate items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transcript {
    /// The provider is expected to send a transcript if the call connects.
    Awaited,
    /// The transcript is stored.
    Stored,
    /// There is no transcript.
    Absent,
}

/// Facts that became known about a call. Each is recorded once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Answering party.
    pub answered_by: Option<AnsweredBy>,
    /// Duration in seconds, as the provider reports it.
    pub duration_seconds: Option<u32>,
    /// State of the transcript.
    pub transcript: Transcript,
    /// Provider's reference to the recording.
    pub recording: Option<String>,
    /// Analysis of the call.
    pub analysis: Option<Analysis>,
    /// `true` if `call.analyzed` is published.
    pub analysis_announced: bool,
    /// `true` if the provider is not polled for an analysis any more. It has answered such a poll, or was polled often
    /// enough without an answer.
    #[serde(default)]
    pub analysis_sought: bool,
    /// Number of polls for the analysis that the provider did not answer.
    #[serde(default)]
    pub analysis_tries: u32,
    /// Price that the provider charged.
    pub cost: Option<Cost>,
    /// `true` if the provider was asked to distinguish a machine from a person, and has not reported the result yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detection_awaited: bool,
}
