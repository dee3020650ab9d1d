//! What Retell puts on the wire. Source: retell-typescript-sdk b274013, `src/resources/call.ts`.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::chat_wire::RetellChat;
use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list};

/// The field of a call's metadata that names the organization it was placed for.
pub(super) const ORGANIZATION: &str = "ringdown_organization";

/// The field of a call's metadata that names the request which made the conversation: to be found by.
pub(super) const REQUEST: &str = "ringdown_request";

/// The field of a call's metadata that names the attempt it was placed for. Flat and a text, so that a listing can be
/// filtered by it.
pub(super) const ATTEMPT: &str = "ringdown_attempt";

/// A webhook: what happened, and the call or the chat as it is now.
#[derive(Debug, Deserialize)]
pub struct Webhook {
    /// `call_started`, `call_ended`, `call_analyzed`, the same of a chat, and others that may come.
    #[serde(default)]
    pub event: String,
    /// The call, where the webhook tells of one.
    #[serde(default, deserialize_with = "lenient")]
    pub call: Option<RetellCall>,
    /// The chat, where it tells of one.
    #[serde(default, deserialize_with = "lenient")]
    pub chat: Option<RetellChat>,
}

/// A page of a listing.
#[derive(Debug, Deserialize)]
pub(super) struct CallsPage {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) items: Vec<RetellCall>,
}

/// A call as Retell shows it: in a webhook, in a listing, and by itself.
#[derive(Clone, Default, PartialEq, Deserialize)]
pub struct RetellCall {
    /// Its id.
    pub call_id: String,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_status: Option<CallStatus>,
    /// What it was marked with when it was asked for.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) metadata: Option<Map<String, Value>>,
    /// In milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start_timestamp: Option<f64>,
    /// In milliseconds since the Unix epoch.
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

/// Without what was said and whom it was said to.
impl fmt::Debug for RetellCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {:?})", self.call_id, self.call_status, self.disconnection_reason)
    }
}

impl RetellCall {
    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        match self.call_status {
            Some(CallStatus::NotConnected | CallStatus::Ended | CallStatus::Error) => true,
            Some(CallStatus::Registered | CallStatus::Ongoing) | None => false,
        }
    }

    /// The attempt that the call was placed for; `None` where it is none of ours.
    pub fn attempt(&self) -> Option<Attempt> {
        marked(self.metadata.as_ref()?)
    }
}

/// The attempt that metadata of ours names.
pub(super) fn marked(metadata: &Map<String, Value>) -> Option<Attempt> {
    Attempt::from_parts(metadata.get(ORGANIZATION)?.as_str()?, metadata.get(ATTEMPT)?.as_str()?)
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallStatus {
    /// It has its id and is being placed.
    Registered,
    /// Nobody was reached.
    NotConnected,
    /// Connected.
    Ongoing,
    /// Over, after it had connected.
    Ended,
    /// Over by a fault, before or after it connected.
    Error,
}

/// One thing that was said.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Utterance {
    pub(super) role: Speaker,
    pub(super) content: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) words: Vec<Word>,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Speaker {
    Agent,
    User,
    /// A person of the caller's side whom the call was handed to.
    TransferTarget,
}

/// A word of it.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Word {
    /// In seconds from the beginning of the audio.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start: Option<f64>,
}

/// What Retell made of a call afterwards.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct CallAnalysis {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_summary: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_successful: Option<bool>,
    /// `Negative`, `Positive`, `Neutral`, `Unknown`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user_sentiment: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) in_voicemail: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) custom_analysis_data: Option<Map<String, Value>>,
}

/// What a call cost.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct CallCost {
    /// In US cents.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) combined_cost: Option<f64>,
}
