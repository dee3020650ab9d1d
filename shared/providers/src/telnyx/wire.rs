//! What Telnyx puts on the wire. Source: telnyx-node b9b12ca, `src/resources/calls/calls.ts`, `connections.ts`,
//! `messages/messages.ts` and `webhooks.ts`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list};

/// What Telnyx wraps everything into.
#[derive(Debug, Deserialize)]
pub(super) struct Wrapped<T> {
    pub(super) data: T,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T: serde::de::DeserializeOwned> {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) data: Vec<T>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) meta: Option<PageMeta>,
}

/// Where the next page begins.
#[derive(Debug, Deserialize)]
pub(super) struct PageMeta {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) total_pages: Option<u64>,
}

/// A webhook.
#[derive(Debug, Deserialize)]
pub struct Webhook {
    /// What happened.
    #[serde(default, deserialize_with = "lenient")]
    pub data: Option<CallEvent>,
}

/// Something that happened to a call.
#[derive(Debug, Deserialize)]
pub struct CallEvent {
    /// `call.answered`, `call.hangup`, and others.
    #[serde(default)]
    pub(super) event_type: String,
    /// RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) occurred_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) payload: Option<Payload>,
}

impl CallEvent {
    /// The attempt that the call was placed for; `None` where it is none of ours.
    pub fn attempt(&self) -> Option<Attempt> {
        attempt_of(self.payload.as_ref()?.client_state.as_deref()?)
    }

    /// Telnyx's id of the call; `None` in an event about something that was made of it, such as its recording.
    pub fn call_id(&self) -> Option<&str> {
        self.payload.as_ref()?.call_control_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// What an event says.
#[derive(Deserialize)]
pub(super) struct Payload {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_control_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) call_session_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) client_state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) hangup_cause: Option<String>,
    /// `caller`, `callee`, `unknown`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) hangup_source: Option<String>,
    /// A SIP status.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sip_hangup_cause: Option<String>,
    /// RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start_time: Option<String>,
    /// What the detection of a machine came to.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) result: Option<String>,
}

/// Without whom it was about.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({:?})", self.call_control_id, self.hangup_cause)
    }
}

/// A call as Telnyx shows it: in the answer to a request for it, by itself, and in the list of live ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct TelnyxCall {
    #[serde(default)]
    pub(super) call_control_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) client_state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_alive: Option<bool>,
    /// RFC 3339, and only of a call that is over.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) end_time: Option<String>,
}

impl TelnyxCall {
    /// The attempt that the call was placed for; `None` where it is none of ours.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        attempt_of(self.client_state.as_deref()?)
    }

    /// Whether it is over. A call that is only being dialled is not alive yet, and has no end either.
    pub(super) fn is_over(&self) -> bool {
        self.is_alive == Some(false) && self.end_time.is_some()
    }
}

/// A text as Telnyx shows it: in the answer to a request for it, and in the events about it.
#[derive(Clone, Deserialize)]
pub(super) struct TelnyxText {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) from: Option<Party>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) to: Vec<Party>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) text: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) media: Vec<Media>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) errors: Vec<TelnyxError>,
    /// Which of its own answers Telnyx gave: `STOP`, `START`, `HELP`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) autoresponse_type: Option<String>,
    /// Where the events about it go, by the request for it.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) webhook_url: Option<String>,
}

/// Without whom it was about, and without what it says.
impl fmt::Debug for TelnyxText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Who sent a text, or is to get it.
#[derive(Clone, Deserialize)]
pub(super) struct Party {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) phone_number: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: Option<String>,
}

/// What a message has besides words.
#[derive(Clone, Deserialize)]
pub(super) struct Media {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) content_type: Option<String>,
}

/// A recording.
#[derive(Clone, Default, Deserialize)]
pub(super) struct TelnyxRecording {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) download_urls: Option<DownloadUrls>,
}

/// Where it can be had, for a while.
#[derive(Clone, Default, Deserialize)]
pub(super) struct DownloadUrls {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) mp3: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) wav: Option<String>,
}

/// What Telnyx complains of.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Complaint {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) errors: Vec<TelnyxError>,
}

/// The code of what is blocked: for a STOP, and for senders that are not set up.
const BLOCKED: &str = "40300";

/// One thing that is wrong.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct TelnyxError {
    /// A number, as a text.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) code: Option<String>,
    /// What it is called.
    #[serde(default, deserialize_with = "lenient")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) source: Option<ErrorSource>,
}

impl TelnyxError {
    /// Whether the customer opted out of hearing from this sender, at Telnyx or at the carrier ("Blocked due to STOP
    /// message").
    pub(super) fn is_opt_out(&self) -> bool {
        self.code.as_deref() == Some(BLOCKED) && self.title.as_deref().is_some_and(|title| title.contains("STOP"))
    }
}

/// Where it is wrong.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ErrorSource {
    /// A JSON pointer into the request.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pointer: Option<String>,
}

/// What a call is marked with: echoed in every event and in the list of live calls.
pub(super) fn client_state(attempt: &Attempt) -> String {
    STANDARD.encode(attempt.to_string())
}

fn attempt_of(client_state: &str) -> Option<Attempt> {
    let bytes = STANDARD.decode(client_state).ok()?;
    Attempt::parse(std::str::from_utf8(&bytes).ok()?)
}
