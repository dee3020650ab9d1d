//! A voice conversation: what it is, what can happen to it, and what follows.
//!
//! [`step`] is the whole of its behaviour: a pure function from a call and an [`Input`] to the new call, the log
//! entries to write and the claim it granted. [`obligations`] is the other half: what the service still
//! owes a call, and when.
//!
//! [`obligations`]: crate::conversation::Conversation::obligations

mod answer;
mod conversation;
mod input;
mod limit;
mod measured;
mod new_call;
mod obligation;
mod step;
mod transition;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use input::{Analysis, AnsweredBy, Cost, Input, Outcome, Report, Role, Utterance};
pub use new_call::NewCall;
pub use obligation::Duty;
pub use step::{Step, step};

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
use crate::wallet::Hold;

/// Where a call stands, in the words of the contract. It only ever moves forwards, but for `dispatching → queued` after
/// an attempt that provably never happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CallStatus))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, to be dialled.
    Queued,
    /// The provider is being asked, or was asked and has said nothing of ringing.
    Dispatching,
    /// It rings.
    Ringing,
    /// It was answered.
    InProgress,
    /// It is over.
    Ended,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Dispatching, Self::Ringing, Self::InProgress, Self::Ended];

    /// The status as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dispatching => "dispatching",
            Self::Ringing => "ringing",
            Self::InProgress => "in_progress",
            Self::Ended => "ended",
        }
    }
}

/// When a call may be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// Not before this moment.
    pub not_before: Timestamp,
    /// Not from this moment on.
    pub not_after: Timestamp,
}

/// How long a call waits for its dialling where the client names no end.
pub const DEFAULT_WINDOW: Span = Span::minutes(15);

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
    Asking {
        /// When it claimed the call.
        since: Timestamp,
        /// From then on it is taken for dead, and the outcome for unknown.
        lease_until: Timestamp,
        /// Attempts that provably never happened.
        failures: u32,
    },
    /// Asked; whether the provider placed the call is not known. It is never asked again.
    Unknown {
        /// When the attempt began.
        since: Timestamp,
        /// When the provider is searched next.
        next_search_at: Timestamp,
        /// Searches that found nothing.
        searches: u32,
    },
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

/// A voice conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is, and in which mode.
    pub scope: Scope,
    /// The fingerprint of the request it was accepted for.
    pub fingerprint: String,
    /// Who holds it.
    pub agent: AgentRef,
    /// Who places it.
    pub provider: Provider,
    /// The called number.
    pub to: PhoneNumber,
    /// The calling number.
    pub from: PhoneNumber,
    /// When it may be dialled.
    pub window: Window,
    /// How long it may ring and last.
    pub limits: Limits,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Where it stands.
    pub status: Status,
    /// When it was answered.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Whose doing that was, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// The number of the last attempt begun; 0 before the first.
    pub attempt: u32,
    /// Where that attempt stands.
    pub dispatch: Dispatch,
    /// Its turn at the provider's account, where it has to wait for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_at: Option<Timestamp>,
    /// The provider's id for the call.
    pub provider_call_id: Option<ProviderCallId>,
    /// When the attempt began for which that call was adopted by its likeness: until the provider names somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Timestamp>,
    /// Calls at the provider that have to be hung up beside it.
    pub strays: Vec<Stray>,
    /// How far the closing event is.
    pub closing: Closing,
    /// What became known of it.
    pub facts: Facts,
    /// The contact it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// What the wallet holds for it, where its organization is metered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The request that it was accepted for, as the client was told: it stands in the log of whatever is done for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Its place among those that may be open at the same time, where those are limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// For how long what it brought is kept; for good where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Only its head is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
    /// Events so far: the last one's `sequence`.
    pub sequence: u64,
    /// Log entries so far, events included.
    pub log_length: u64,
}

impl Call {
    /// A call that was just accepted.
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

    /// The same call, where its provider is asked to tell a machine from a person, which some tell apart from the end.
    pub fn detecting_machines(mut self, is_asked_for: bool) -> Self {
        self.facts.detection_awaited = is_asked_for && self.provider.tells_of_machines_apart();
        self
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        self.status == Status::Ended
    }

    /// Whether it waits for a turn at the provider's account, or has waited for it.
    pub fn has_slot(&self) -> bool {
        matches!(self.dispatch, Dispatch::Waiting { from, .. } if self.slot_at == Some(from))
    }

    /// How long it lasted, in seconds: as the provider says, else from its start to its end, else 0.
    pub fn duration_seconds(&self) -> u32 {
        let measured = self.started_at.zip(self.ended_at).map(|(started, ended)| ended.since(started).as_seconds());
        let measured = measured.and_then(|seconds| u32::try_from(seconds).ok());
        self.facts.duration_seconds.or(measured).unwrap_or(0)
    }
}
