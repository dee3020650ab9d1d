//! Wire format of Telnyx. Source: telnyx-node b9b12ca, `src/resources/calls/calls.ts`, `connections.ts`, `messages/messages.ts`
//! and `webhooks.ts`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list};

/// Envelope of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Wrapped<T> {
    pub(super) data: T,
}

/// Page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T: serde::de::DeserializeOwned> {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) data: Vec<T>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) meta: Option<PageMeta>,
}

/// Number of pages in a list.
#[derive(Debug, Deserialize)]
pub(super) struct PageMeta {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) total_pages: Option<u64>,
}

/// Webhook about a call.
#[derive(Debug, Deserialize)]
pub(super) struct Webhook {
    /// Event that the webhook reports.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) data: Option<CallEvent>,
}

/// Event about a call.
#[derive(Debug, Deserialize)]
pub(super) struct CallEvent {
    /// Name of the event: `call.answered`, `call.hangup`, and others.
    #[serde(default)]
    pub(super) event_type: String,
    /// Time of the event, in RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) occurred_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) payload: Option<Payload>,
}

impl CallEvent {
    /// Returns the attempt that the call was placed for. `None` if the call is not ours.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        attempt_of(self.payload.as_ref()?.client_state.as_deref()?)
    }

    /// Returns Telnyx's id of the call. `None` in an event about a by-product of the call, such as its recording.
    pub(super) fn call_id(&self) -> Option<&str> {
        self.payload.as_ref()?.call_control_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// Data of an event.
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
    /// Side that hung up: `caller`, `callee` or `unknown`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) hangup_source: Option<String>,
    /// SIP status of the end.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sip_hangup_cause: Option<String>,
    /// Start time of the call, in RFC 3339.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start_time: Option<String>,
    /// Result of the machine detection.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) result: Option<String>,
}

/// Omits the phone numbers.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({:?})", self.call_control_id, self.hangup_cause)
    }
}

/// Call as Telnyx shows it: in the answer to its creation, in a poll, and in the list of live calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct TelnyxCall {
    #[serde(default)]
    pub(super) call_control_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) client_state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_alive: Option<bool>,
    /// End time, in RFC 3339. Only a call that is over has one.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) end_time: Option<String>,
}

impl TelnyxCall {
    /// Returns the attempt that the call was placed for. `None` if the call is not ours.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        attempt_of(self.client_state.as_deref()?)
    }

    /// Returns `true` if the call is over. A call that is still being dialled is not alive yet, but has no end either.
    pub(super) fn is_over(&self) -> bool {
        self.is_alive == Some(false) && self.end_time.is_some()
    }
}

/// SMS message as Telnyx shows it: in the answer to its creation, and in its events.
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
    /// Keyword that Telnyx answered by itself: `STOP`, `START` or `HELP`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) autoresponse_type: Option<String>,
    /// Address for the events about the message, as its request set it.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) webhook_url: Option<String>,
}

/// Omits the phone numbers and the text.
impl fmt::Debug for TelnyxText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Sender or recipient of an SMS message.
#[derive(Clone, Deserialize)]
pub(super) struct Party {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) phone_number: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: Option<String>,
}

/// Attachment of a message.
#[derive(Clone, Deserialize)]
pub(super) struct Media {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) content_type: Option<String>,
}

/// Recording of a call.
#[derive(Clone, Default, Deserialize)]
pub(super) struct TelnyxRecording {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) download_urls: Option<DownloadUrls>,
}

/// Temporary URLs of a recording.
#[derive(Clone, Default, Deserialize)]
pub(super) struct DownloadUrls {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) mp3: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) wav: Option<String>,
}

/// Body of a refusal.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Complaint {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) errors: Vec<TelnyxError>,
}

/// Error code of blocked messages. Telnyx uses it for a STOP, and for senders that are not set up.
const BLOCKED: &str = "40300";

/// Error in a refusal or an event.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct TelnyxError {
    /// Code of the error: a number, as a text.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) code: Option<String>,
    /// Title of the error.
    #[serde(default, deserialize_with = "lenient")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) source: Option<ErrorSource>,
}

impl TelnyxError {
    /// Returns `true` if the customer opted out of messages from this sender, at Telnyx or at the carrier ("Blocked due to STOP
    /// message").
    pub(super) fn is_opt_out(&self) -> bool {
        self.code.as_deref() == Some(BLOCKED) && self.title.as_deref().is_some_and(|title| title.contains("STOP"))
    }
}

/// Part of the request that the error is about.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ErrorSource {
    /// JSON pointer into the request.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pointer: Option<String>,
}

/// Encodes the attempt as the mark of a call. Telnyx echoes it in every event and in the list of live calls.
pub(super) fn client_state(attempt: &Attempt) -> String {
    STANDARD.encode(attempt.to_string())
}

fn attempt_of(client_state: &str) -> Option<Attempt> {
    let bytes = STANDARD.decode(client_state).ok()?;
    Attempt::parse(std::str::from_utf8(&bytes).ok()?)
}
