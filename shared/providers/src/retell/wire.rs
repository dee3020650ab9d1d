//! Wire format of Retell's calls. Source: retell-typescript-sdk b274013, `src/resources/call.ts`.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list};

/// Metadata field with the organization that a call was placed for.
pub(super) const ORGANIZATION: &str = "ringdown_organization";

/// Metadata field with the id of the request that created the conversation. It lets people find the call.
pub(super) const REQUEST: &str = "ringdown_request";

/// Metadata field with the attempt that a call was placed for. It is a flat text, so that a listing can be filtered by it.
pub(super) const ATTEMPT: &str = "ringdown_attempt";

/// Page of a listing.
#[derive(Debug, Deserialize)]
pub(super) struct CallsPage {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) items: Vec<RetellCall>,
}

/// Call as Retell shows it in a webhook, in a listing and in a poll.
#[derive(Clone, Default, PartialEq, Deserialize)]
pub(super) struct RetellCall {
    /// Id of the call at Retell.
    pub(super) call_id: String,
    /// State of the call.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_status: Option<CallStatus>,
    /// Metadata that the call was created with.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) metadata: Option<Map<String, Value>>,
    /// Start time, in milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start_timestamp: Option<f64>,
    /// End time, in milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) end_timestamp: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) duration_ms: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) disconnection_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) transcript_object: Vec<Utterance>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) recording_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_analysis: Option<CallAnalysis>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_cost: Option<CallCost>,
}

/// Omits the conversation and the phone numbers.
impl fmt::Debug for RetellCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {:?})", self.call_id, self.call_status, self.disconnection_reason)
    }
}

impl RetellCall {
    /// Returns `true` if the call is over.
    pub(super) fn is_over(&self) -> bool {
        match self.call_status {
            Some(CallStatus::NotConnected | CallStatus::Ended | CallStatus::Error) => true,
            Some(CallStatus::Registered | CallStatus::Ongoing) | None => false,
        }
    }

    /// Returns the attempt that the call was placed for. `None` if the call is not ours.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        marked(self.metadata.as_ref()?)
    }
}

/// Returns the attempt that our metadata names.
pub(super) fn marked(metadata: &Map<String, Value>) -> Option<Attempt> {
    Attempt::from_parts(metadata.get(ORGANIZATION)?.as_str()?, metadata.get(ATTEMPT)?.as_str()?)
}

/// State of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallStatus {
    /// Call that has its id and is being placed.
    Registered,
    /// Call that reached no callee. It is over.
    NotConnected,
    /// Connected call.
    Ongoing,
    /// Call that ended after it had connected.
    Ended,
    /// Call that ended by a fault, before or after it connected.
    Error,
}

/// Utterance in a transcript.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Utterance {
    pub(super) role: Speaker,
    pub(super) content: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) words: Vec<Word>,
}

/// Speaker of an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Speaker {
    Agent,
    User,
    /// Person on the calling side whom the call was transferred to.
    TransferTarget,
}

/// Word of an utterance.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Word {
    /// Start of the word, in seconds from the beginning of the audio.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start: Option<f64>,
}

/// Analysis of a call by Retell, after its end.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct CallAnalysis {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_summary: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_successful: Option<bool>,
    /// Sentiment: `Negative`, `Positive`, `Neutral` or `Unknown`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user_sentiment: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) in_voicemail: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) custom_analysis_data: Option<Map<String, Value>>,
}

/// Cost of a call.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct CallCost {
    /// Total cost in US cents.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) combined_cost: Option<f64>,
}
