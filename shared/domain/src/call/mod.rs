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

/// Where a call stands, in the words of the contract. It only ever moves forwards, but for `dispatching → queued` after
/// an attempt that provably never happened.
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
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// The status as text.
    pub fn as_str(self) -> &'static str {
        self.into()
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

    /// Returns `true` if news of who answered would change why the call ended.
    fn awaits_detection(&self) -> bool {
        self.facts.detection_awaited
            && self.end_reason == Some(EndReason::COMPLETED)
            && self.ended_by != Some(EndedBy::Client)
    }

    /// How long it lasted, in seconds: as the provider says, else from its start to its end, else 0.
    pub fn duration_seconds(&self) -> u32 {
        let measured = self.started_at.zip(self.ended_at).map(|(started, ended)| ended.since(started).as_seconds());
        let measured = measured.and_then(|seconds| u32::try_from(seconds).ok());
        self.facts.duration_seconds.or(measured).unwrap_or(0)
    }
}
