//! The states of a call's attempt at the provider, of its closing event and of its transcript, and the facts of a call.

use serde::{Deserialize, Serialize};

use super::{Analysis, AnsweredBy, Cost};
use crate::dispatch::{Asking, Unknown};
use crate::ids::ProviderCallId;
use crate::time::Timestamp;

/// Where the attempt to place the call stands. It is settled later than the call itself may be ended: a call that was
/// closed while the provider was being asked is still looked for, and hung up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Dispatch {
    /// To be dialled: nothing was asked yet, or the last attempt provably never happened.
    Waiting {
        /// When this wait began.
        since: Timestamp,
        /// It may be claimed from then on.
        from: Timestamp,
        /// Attempts that provably never happened.
        failures: u32,
    },
    /// One consumer holds the lease and asks the provider.
    Asking(Asking),
    /// Asked; whether the provider placed the call is not known.
    Unknown(Unknown),
    /// The provider has the call.
    Live {
        /// Since when we know.
        since: Timestamp,
        /// When the provider is asked for news: it has said nothing for a while, or the call has reached its limit.
        next_poll_at: Timestamp,
        /// Set where the call has to be hung up: always, once the call is ended.
        hang_up: Option<HangUp>,
    },
    /// Nothing is open at the provider.
    Settled,
}

/// A call at the provider that has to be hung up, until the provider confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HangUp {
    /// Since when.
    pub since: Timestamp,
    /// When the provider is asked next.
    pub next_at: Timestamp,
    /// Requests that were not confirmed.
    pub tries: u32,
}

/// A call at the provider that is none of ours to keep: a second one for an attempt, or one for an attempt that the
/// provider had said it refused. It is hung up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stray {
    /// The provider's id for it.
    pub call_id: ProviderCallId,
    /// The hanging up.
    pub hang_up: HangUp,
}

/// How far the closing event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Closing {
    /// The call is not ended.
    Open,
    /// Ended; `call.ended` waits for the hang-up's confirmation and the transcript, until then at most.
    Due {
        /// Then it goes out without.
        by: Timestamp,
    },
    /// `call.ended` was emitted.
    Announced,
}

/// How far the transcript is. Its text stands in items of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transcript {
    /// The provider is expected to bring one, if the call connects.
    Awaited,
    /// It was stored.
    Stored,
    /// There is none.
    Absent,
}

/// What became known of a call, each fact once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Who answered.
    pub answered_by: Option<AnsweredBy>,
    /// How long it lasted, as the provider says.
    pub duration_seconds: Option<u32>,
    /// Whether there is a transcript.
    pub transcript: Transcript,
    /// The provider's reference to the recording.
    pub recording: Option<String>,
    /// What was made of the call afterwards.
    pub analysis: Option<Analysis>,
    /// Whether `call.analyzed` was emitted.
    pub analysis_announced: bool,
    /// Whether the provider has answered for an analysis that it had not brought by itself, or was asked often enough.
    #[serde(default)]
    pub analysis_sought: bool,
    /// How often it was asked for that and did not answer.
    #[serde(default)]
    pub analysis_tries: u32,
    /// What the provider charged.
    pub cost: Option<Cost>,
    /// The provider was asked to tell a machine from a person, and has not done so yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detection_awaited: bool,
}
