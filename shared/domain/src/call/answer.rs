//! Rules for a call's answer, the party that answered, and the call's end. The provider reports these in any order.

use super::timing::DETECTION_WAIT;
use super::transition::Transition;
use super::{AnsweredBy, Closing, Dispatch, Status, Transcript};
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::log::{CallStarted, Event};
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

impl Transition {
    pub(super) fn answered(&mut self, at: Timestamp, by: Option<AnsweredBy>) {
        self.answerer(by);
        self.move_to(Status::InProgress);
        if self.call.started_at.is_some() {
            return;
        }
        // A call that is closed while it rings may still be answered before it is hung up. Its start is then at most
        // its end.
        let started_at = self.clamp(at).min(self.call.ended_at.unwrap_or(self.now));
        self.call.started_at = Some(started_at);
        let Some(provider_call_id) = self.call.provider_call_id.clone() else { return };
        // A `call.started` after `call.ended` would confuse clients.
        if self.call.closing != Closing::Announced {
            self.emit(Event::CallStarted(CallStarted {
                started_at,
                from: self.call.from.clone(),
                to: self.call.to.clone(),
                provider: self.call.provider,
                provider_call_id,
                answered_by: self.call.facts.answered_by,
            }));
        }
    }

    /// Records the answering party, once it is known. A call that a machine answered has reached nobody, so its end
    /// reason is `voicemail`. The provider may report the machine and the end in either order. Therefore the reason may
    /// still change from `completed` to `voicemail` until `call.ended` is published.
    fn answerer(&mut self, by: Option<AnsweredBy>) {
        let Some(by) = by.filter(|_| self.call.facts.answered_by.is_none()) else { return };
        let was_awaited = std::mem::take(&mut self.call.facts.detection_awaited);
        self.call.facts.answered_by = Some(by);
        let may_change = was_awaited
            && matches!(self.call.closing, Closing::Due { .. })
            && self.call.ended_by != Some(EndedBy::Client)
            && self.call.end_reason == Some(EndReason::COMPLETED);
        if may_change && by == AnsweredBy::Machine {
            self.call.end_reason = Some(EndReason::VOICEMAIL);
        }
    }

    /// Ends the call as its provider reports.
    pub(super) fn over_for(&mut self, reason: EndReason, at: Timestamp, by: Option<EndedBy>) {
        self.call.dispatch = Dispatch::Settled;
        if self.call.is_ended() && !is_planted(Bug::EndReasonMoves) {
            return;
        }
        let machine = self.call.facts.answered_by == Some(AnsweredBy::Machine);
        let reason = if machine && reason == EndReason::COMPLETED { EndReason::VOICEMAIL } else { reason };
        self.end_by(reason, at, by);
        let waits = self.call.facts.detection_awaited && self.call.facts.transcript != Transcript::Awaited;
        if waits && self.call.started_at.is_some() && matches!(self.call.closing, Closing::Due { .. }) {
            self.call.closing = Closing::Due { by: self.now + DETECTION_WAIT };
        }
    }

    pub(super) fn over(
        &mut self,
        at: Timestamp,
        started_at: Option<Timestamp>,
        by: Option<AnsweredBy>,
        duration: Option<u32>,
    ) {
        let lasted = duration.filter(|seconds| *seconds > 0).map(|seconds| at - Span::seconds(seconds));
        if let Some(started_at) = started_at.or(lasted) {
            self.answered(started_at, by);
        }
        self.answerer(by);
        if self.call.facts.duration_seconds.is_none() {
            self.call.facts.duration_seconds = duration;
        }
    }
}
