//! Wire format of Vapi. Source: VapiAI/docs eabfa53, `Call` and the server messages in the OpenAPI document.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list};

/// Metadata field of an assistant with the attempt that a call was placed for.
pub(super) const ATTEMPT: &str = "ringdownAttempt";

/// Metadata field of an assistant with the id of the request that created the conversation.
pub(super) const REQUEST: &str = "ringdownRequest";

/// Type of the last message about a call, which contains everything.
const REPORT: &str = "end-of-call-report";

/// Body of a server message.
#[derive(Debug, Deserialize)]
pub(super) struct ServerMessage {
    /// Message in the body.
    #[serde(default, deserialize_with = "lenient")]
    message: Option<Message>,
}

/// Message about a call. It contains the news of the call, and the call as Vapi shows it.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "lenient")]
    call: Option<VapiCall>,
    #[serde(flatten)]
    news: News,
}

impl ServerMessage {
    /// Returns the call of the message, with its news. `None` if the message has no call, or is not about a stage of the call.
    pub(super) fn into_call(self) -> Option<VapiCall> {
        let message = self.message?;
        let mut call = message.call?;
        match message.kind.as_str() {
            "status-update" => {}
            REPORT => {
                call.news.status = Some(Status::Ended);
                call.complete = true;
            }
            _ => return None,
        }
        call.news.take(message.news);
        Some(call)
    }
}

/// Call as Vapi shows it.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VapiCall {
    /// Id of the call at Vapi.
    pub(super) id: String,
    #[serde(default, deserialize_with = "lenient")]
    assistant_overrides: Option<Overrides>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) monitor: Option<Monitor>,
    #[serde(flatten)]
    pub(super) news: News,
    /// `true` if the call is over and nothing will be added to it.
    #[serde(skip)]
    pub(super) complete: bool,
}

/// Omits the conversation and the phone numbers.
impl fmt::Debug for VapiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {:?})", self.id, self.news.status, self.news.ended_reason)
    }
}

impl VapiCall {
    /// Returns the attempt that the call was placed for. `None` if the call is not ours.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        let metadata = self.assistant_overrides.as_ref()?.metadata.as_ref()?;
        Attempt::parse(metadata.get(ATTEMPT)?.as_str()?)
    }

    /// Returns `true` if the call is over.
    pub(super) fn is_over(&self) -> bool {
        self.news.status.is_some_and(Status::is_over)
    }
}

/// Fields of a call that a message may update.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct News {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: Option<Status>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) ended_reason: Option<String>,
    /// Start time, in RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) started_at: Option<String>,
    /// End time, in RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) ended_at: Option<String>,
    /// Cost in US dollars.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) cost: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) artifact: Option<Artifact>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) analysis: Option<VapiAnalysis>,
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?}", self.status, self.ended_reason)
    }
}

impl News {
    /// Updates the fields from a message. They go before those in the message's copy of the call.
    fn take(&mut self, newer: Self) {
        self.status = newer.status.or(self.status);
        self.ended_reason = newer.ended_reason.or_else(|| self.ended_reason.take());
        self.started_at = newer.started_at.or_else(|| self.started_at.take());
        self.ended_at = newer.ended_at.or_else(|| self.ended_at.take());
        self.cost = newer.cost.or(self.cost);
        self.artifact = newer.artifact.or_else(|| self.artifact.take());
        self.analysis = newer.analysis.or_else(|| self.analysis.take());
    }
}

/// State of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    Scheduled,
    Queued,
    Ringing,
    InProgress,
    Forwarding,
    Ended,
    /// Call whose data is gone, or that never existed.
    NotFound,
    DeletionFailed,
}

impl Status {
    const fn is_over(self) -> bool {
        match self {
            Self::Ended | Self::NotFound | Self::DeletionFailed => true,
            Self::Scheduled | Self::Queued | Self::Ringing | Self::InProgress | Self::Forwarding => false,
        }
    }
}

#[derive(Clone, PartialEq, Deserialize)]
struct Overrides {
    #[serde(default, deserialize_with = "lenient")]
    metadata: Option<Map<String, Value>>,
}

/// Access to a live call.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Monitor {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) control_url: Option<String>,
}

/// Transcript and recording of a call.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) messages: Vec<Said>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) presigned_mono_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) recording_url: Option<String>,
}

/// Utterance in a transcript. Entries of tools and of the system have other roles, and are skipped.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Said {
    pub(super) role: Speaker,
    pub(super) message: String,
    /// Time, in milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) time: Option<f64>,
}

/// Speaker of an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Speaker {
    #[serde(alias = "assistant")]
    Bot,
    User,
}

/// Analysis of a call by Vapi, after its end.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VapiAnalysis {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) summary: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) structured_data: Option<Map<String, Value>>,
    /// `true` or `false` by the usual rubric. Other rubrics have other words.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) success_evaluation: Option<Value>,
}
