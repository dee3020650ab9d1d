//! Voice conversations: their state, their inputs and their rules.
//!
//! [`step`] is the whole behaviour of a call: a pure function of a call and an [`Input`]. It returns the new call, the log
//! entries to write, and the claim if one was granted. [`obligations`] lists the pending actions of a call, with their
//! deadlines.
//!
//! [`obligations`]: crate::conversation::Conversation::obligations

mod answer;
mod conversation;
mod input;
mod measured;
mod new_call;
mod obligation;
mod state;
mod step;
mod timing;
mod transition;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

pub use input::{Analysis, AnsweredBy, Cost, Input, Outcome, Report, Role, Utterance};
pub use new_call::NewCall;
pub use obligation::Duty;
pub use state::{Closing, Dispatch, Facts, HangUp, Stray, Transcript};
pub use step::step;
pub use transition::Step;

use crate::agent::AgentRef;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::ids::{ContactId, ConversationId, ProviderCallId, Scope};
use crate::limits::Limits;
use crate::phone::PhoneNumber;
use crate::places::Place;
use crate::provider::Provider;
use crate::retention::Retention;
use crate::time::{Span, Timestamp};
use crate::variants::all;
use crate::wallet::Hold;

/// Status of a call. It only moves forward, with one exception: a call returns from `dispatching` to `queued` after an
/// attempt that provably never happened.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CallStatus))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Accepted, and waiting to be dialled.
    Queued,
    /// Requested from the provider, which has not reported yet that the phone rings.
    Dispatching,
    /// Ringing at the called party.
    Ringing,
    /// Answered.
    InProgress,
    /// Over. The status does not change any more.
    Ended,
}

impl Status {
    /// All statuses, in order.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Returns the name used in objects and events.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Time window in which a call may be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// Start of the window: the earliest time at which the call may be dialled.
    pub not_before: Timestamp,
    /// End of the window, exclusive. A call that still waits then ends as `dispatch_deadline_exceeded`.
    pub not_after: Timestamp,
}

/// Length of the window if the client gives no end.
pub const DEFAULT_WINDOW: Span = Span::minutes(15);

/// Voice conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Organization and mode that the call belongs to.
    pub scope: Scope,
    /// Fingerprint of the request that the call was accepted for.
    pub fingerprint: String,
    /// Agent that holds the conversation, as it was at acceptance.
    pub agent: AgentRef,
    /// Provider that places the call.
    pub provider: Provider,
    /// Number to call, in E.164.
    pub to: PhoneNumber,
    /// Calling number, in E.164.
    pub from: PhoneNumber,
    /// Window in which the call may be dialled.
    pub window: Window,
    /// Longest ring time and duration.
    pub limits: Limits,
    /// Time of acceptance.
    pub created_at: Timestamp,
    /// Status of the call.
    pub status: Status,
    /// Time at which the call was answered.
    pub started_at: Option<Timestamp>,
    /// Time at which the call ended.
    pub ended_at: Option<Timestamp>,
    /// Reason for the end.
    pub end_reason: Option<EndReason>,
    /// Party that ended the call, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// Number of the latest attempt; 0 before the first.
    pub attempt: u32,
    /// State of that attempt at the provider.
    pub dispatch: Dispatch,
    /// Time of the rate limiter's token, if the call had to wait for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_at: Option<Timestamp>,
    /// Provider's id for the call.
    pub provider_call_id: Option<ProviderCallId>,
    /// Start of the attempt for which the provider's call was claimed by likeness. It is removed when the provider
    /// names a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Timestamp>,
    /// Orphan calls at the provider, which have to be hung up in addition to the call itself.
    pub strays: Vec<Stray>,
    /// State of the closing event.
    pub closing: Closing,
    /// Facts that became known about the call.
    pub facts: Facts,
    /// Id of the contact that the call is made for, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Authorization hold on the wallet, if the organization is metered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Id of the request that the call was accepted for, as the client was told. Log lines about work for the call
    /// contain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Concurrency slot in use, if the number of open calls is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Retention of the call's data; `None` if it is kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// `true` if only the tombstone is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
    /// Number of events so far. It is the `sequence` of the last one.
    pub sequence: u64,
    /// Number of log entries so far, events included.
    pub log_length: u64,
}

impl Call {
    /// Creates a call that is accepted at `now`.
    pub fn accept(new: NewCall, now: Timestamp) -> Self {
        let transcript = if new.provider.gives_transcripts() { Transcript::Awaited } else { Transcript::Absent };
        Self {
            id: new.id,
            scope: new.scope,
            fingerprint: new.fingerprint,
            agent: new.agent,
            provider: new.provider,
            to: new.to,
            from: new.from,
            window: new.window,
            limits: new.limits,
            created_at: now,
            status: Status::Queued,
            started_at: None,
            ended_at: None,
            end_reason: None,
            ended_by: None,
            attempt: 0,
            dispatch: Dispatch::Waiting { since: now, from: new.window.not_before.max(now), failures: 0 },
            slot_at: None,
            provider_call_id: None,
            adopted: None,
            strays: Vec::new(),
            closing: Closing::Open,
            facts: Facts {
                answered_by: None,
                duration_seconds: None,
                transcript,
                recording: None,
                analysis: None,
                analysis_announced: false,
                analysis_sought: false,
                analysis_tries: 0,
                cost: None,
                detection_awaited: false,
            },
            contact: new.contact,
            hold: new.hold,
            request_id: new.request_id,
            place: None,
            retention: new.retention,
            forgotten: false,
            sequence: 0,
            log_length: 0,
        }
    }

    /// Returns the same call with machine detection, if it is asked for. Some providers report the answering party
    /// separately from the end. A call at one of these then awaits that report.
    pub fn detecting_machines(mut self, is_asked_for: bool) -> Self {
        self.facts.detection_awaited = is_asked_for && self.provider.tells_of_machines_apart();
        self
    }

    /// Returns `true` if the call is over.
    pub fn is_ended(&self) -> bool {
        self.status == Status::Ended
    }

    /// Returns `true` if the call waits for its rate limiter token, or has waited for it.
    pub fn has_slot(&self) -> bool {
        matches!(self.dispatch, Dispatch::Waiting { from, .. } if self.slot_at == Some(from))
    }

    /// Returns `true` if a report on the answering party would change the end reason.
    fn awaits_detection(&self) -> bool {
        self.facts.detection_awaited
            && self.end_reason == Some(EndReason::COMPLETED)
            && self.ended_by != Some(EndedBy::Client)
    }

    /// Returns the duration in seconds: as the provider reports it, otherwise from start to end, otherwise 0.
    pub fn duration_seconds(&self) -> u32 {
        let measured = self.started_at.zip(self.ended_at).map(|(started, ended)| ended.since(started).as_seconds());
        let measured = measured.and_then(|seconds| u32::try_from(seconds).ok());
        self.facts.duration_seconds.or(measured).unwrap_or(0)
    }
}
