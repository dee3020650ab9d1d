//! What Vapi puts on the wire. Source: VapiAI/docs eabfa53, `Call` and the server messages in the OpenAPI document.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list};

/// The field of an assistant's metadata that names the attempt a call was placed for.
pub(super) const ATTEMPT: &str = "ringdownAttempt";

/// The field of an assistant's metadata that names the request which made the conversation.
pub(super) const REQUEST: &str = "ringdownRequest";

/// The kind of message that comes last, and tells everything.
const REPORT: &str = "end-of-call-report";

/// What is sent to a server.
#[derive(Debug, Deserialize)]
pub struct ServerMessage {
    /// The message.
    #[serde(default, deserialize_with = "lenient")]
    message: Option<Message>,
}

/// A message about a call. It tells what is new beside the call, which it shows too.
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
    /// The call that it is about, with its news. `None` where it is about none, or tells nothing of a call's life.
    pub fn into_call(self) -> Option<VapiCall> {
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

/// A call as Vapi shows it.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VapiCall {
    /// Its id.
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    assistant_overrides: Option<Overrides>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) monitor: Option<Monitor>,
    #[serde(flatten)]
    pub(super) news: News,
    /// Nothing more will come of it than what it shows.
    #[serde(skip)]
    pub(super) complete: bool,
}

/// Without what was said and whom it was said to.
impl fmt::Debug for VapiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {:?})", self.id, self.news.status, self.news.ended_reason)
    }
}

impl VapiCall {
    /// The attempt that the call was placed for; `None` where it is none of ours.
    pub fn attempt(&self) -> Option<Attempt> {
        let metadata = self.assistant_overrides.as_ref()?.metadata.as_ref()?;
        Attempt::parse(metadata.get(ATTEMPT)?.as_str()?)
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.news.status.is_some_and(Status::is_over)
    }
}

/// What may be new of a call.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct News {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: Option<Status>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) ended_reason: Option<String>,
    /// RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) started_at: Option<String>,
    /// RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) ended_at: Option<String>,
    /// In US dollars.
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
    /// What a message says goes before what its copy of the call says.
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

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    Scheduled,
    Queued,
    Ringing,
    InProgress,
    Forwarding,
    Ended,
    /// Its data is gone, or it never was.
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

/// How a live call is reached.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Monitor {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) control_url: Option<String>,
}

/// What was made during a call.
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

/// One thing that was said. What a tool or the system "said" has no such role, and is skipped.
#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Said {
    pub(super) role: Speaker,
    pub(super) message: String,
    /// In milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) time: Option<f64>,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Speaker {
    #[serde(alias = "assistant")]
    Bot,
    User,
}

/// What Vapi made of a call afterwards.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VapiAnalysis {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) summary: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) structured_data: Option<Map<String, Value>>,
    /// `true` or `false` by the usual rubric; other rubrics have other words.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) success_evaluation: Option<Value>,
}
