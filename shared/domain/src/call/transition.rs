//! Transition of a call: the call during a step, and the changes that several inputs can make.

use super::timing::{CLOSING_WAIT, LIMIT_RETRY, given_up_at, limit_at, longest_life};
use super::{Call, Closing, Dispatch, HangUp, Report, Status, Stray, Transcript, Utterance};
use crate::dispatch::Unknown;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::holder::Holder;
use crate::ids::{Channel, ProviderCallId};
use crate::log::{CallEnded, Consent, Entry, Event, LogEntry, Note};
use crate::places::PlaceChange;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};
use crate::wallet::Settlement;

/// Largest number of orphan calls that are tracked for one call. A provider that keeps placing calls that we never
/// requested is not followed further.
const MAX_STRAYS: usize = 4;

/// Longest reference to a recording, in bytes. An address is shorter.
const LONGEST_REFERENCE: usize = 4 * 1_024;

/// Result of a step. The caller must commit it before acting on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Call after the step.
    pub call: Call,
    /// Entries to append to the log.
    pub log: Vec<LogEntry>,
    /// Transcript to store with the call.
    pub transcript: Option<Vec<Utterance>>,
    /// `true` if the called number is added to the do-not-call list in the same commit.
    pub opt_out: bool,
    /// Release of the authorization hold and charge for the call. It occurs once for each hold.
    pub settlement: Option<Settlement>,
    /// Concurrency slot that is taken or returned in the same commit.
    pub place: Option<PlaceChange>,
    /// Claimed call that is handed over to the conversation that it belongs to.
    pub handed_over: Option<(ProviderCallId, Holder)>,
    /// Attempt that was claimed. The provider may be asked only after this is committed.
    pub claimed: Option<u32>,
}

/// Call during a step, with the changes made so far.
pub(super) struct Transition {
    pub(super) call: Call,
    pub(super) now: Timestamp,
    pub(super) claimed: Option<u32>,
    log: Vec<LogEntry>,
    transcript: Option<Vec<Utterance>>,
    opt_out: bool,
    pub(super) settlement: Option<Settlement>,
    pub(super) place: Option<PlaceChange>,
    pub(super) handed_over: Option<(ProviderCallId, Holder)>,
}

impl Transition {
    pub(super) fn new(call: Call, now: Timestamp) -> Self {
        Self {
            call,
            now,
            claimed: None,
            log: Vec::new(),
            transcript: None,
            opt_out: false,
            settlement: None,
            place: None,
            handed_over: None,
        }
    }

    pub(super) fn finish(self) -> Step {
        Step {
            call: self.call,
            log: self.log,
            transcript: self.transcript,
            opt_out: self.opt_out,
            settlement: self.settlement,
            place: self.place,
            handed_over: self.handed_over,
            claimed: self.claimed,
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        self.append(Entry::Note { note });
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.call.sequence += 1;
        if is_planted(Bug::SequenceGap) && matches!(event, Event::CallAnalyzed(_)) {
            self.call.sequence += 1;
        }
        self.append(Entry::Event { sequence: self.call.sequence, event });
    }

    fn append(&mut self, entry: Entry) {
        self.call.log_length += 1;
        self.log.push(LogEntry { number: self.call.log_length, at: self.now, entry });
    }

    /// Ends the call. The ending party follows from the reason.
    pub(super) fn end(&mut self, reason: EndReason, at: Timestamp) {
        let by = EndedBy::of_reason(&reason);
        self.end_by(reason, at, by);
    }

    /// Ends the call. A call that is open at the provider becomes a pending hang-up.
    pub(super) fn end_by(&mut self, reason: EndReason, at: Timestamp, by: Option<EndedBy>) {
        if self.call.is_ended() {
            if is_planted(Bug::EndReasonMoves) {
                self.call.end_reason = Some(reason);
            }
            return;
        }
        self.call.status = Status::Ended;
        self.call.ended_at = Some(self.clamp(at));
        self.call.end_reason = Some(reason);
        self.call.ended_by = by;
        self.call.closing = Closing::Due { by: self.now + CLOSING_WAIT };
        match &mut self.call.dispatch {
            Dispatch::Waiting { .. } => self.call.dispatch = Dispatch::Settled,
            Dispatch::Live { hang_up, .. } => *hang_up = Some(HangUp { since: self.now, next_at: self.now, tries: 0 }),
            Dispatch::Asking(_) | Dispatch::Unknown(_) | Dispatch::Settled => {}
        }
    }

    /// Matches a provider's call to this attempt. Returns `true` if it is this call's own, and marks it as an orphan to
    /// be hung up otherwise.
    pub(super) fn recognise(&mut self, attempt: u32, call_id: &ProviderCallId, over: bool) -> bool {
        if over {
            // A call that is over needs no hang-up.
            self.call.strays.retain(|stray| stray.call_id != *call_id);
        }
        if self.call.provider_call_id.as_ref() == Some(call_id) {
            return true;
        }
        let ours = attempt == self.call.attempt && attempt > 0 && self.call.provider_call_id.is_none();
        match self.call.dispatch {
            Dispatch::Waiting { .. } | Dispatch::Asking(_) | Dispatch::Unknown(_) if ours => {
                self.adopt(call_id.clone());
                true
            }
            Dispatch::Settled if ours && over => {
                self.call.provider_call_id = Some(call_id.clone());
                true
            }
            Dispatch::Waiting { .. }
            | Dispatch::Asking(_)
            | Dispatch::Unknown(_)
            | Dispatch::Live { .. }
            | Dispatch::Settled => {
                if !over {
                    self.stray(attempt, call_id.clone());
                }
                false
            }
        }
    }

    fn adopt(&mut self, call_id: ProviderCallId) {
        let now = self.now;
        let late = self.call.is_ended();
        if late {
            self.note(Note::FoundAfterEnd { attempt: self.call.attempt, call_id: call_id.clone() });
        } else {
            self.call.status = self.call.status.max(Status::Dispatching);
        }
        let hang_up = HangUp { since: now, next_at: now, tries: 0 };
        // A provider's call is either our own or an orphan. If it were both, the answer to a hang-up would count for
        // only one.
        self.call.strays.retain(|stray| stray.call_id != call_id);
        self.call.provider_call_id = Some(call_id);
        self.call.dispatch = Dispatch::Live {
            since: now,
            next_poll_at: now,
            hang_up: (late && !is_planted(Bug::LateCallKept)).then_some(hang_up),
        };
        self.poll_later();
    }

    fn stray(&mut self, attempt: u32, call_id: ProviderCallId) {
        let known = self.call.strays.iter().any(|stray| stray.call_id == call_id);
        if known || self.call.strays.len() >= MAX_STRAYS {
            return;
        }
        self.note(Note::Stray { attempt, call_id: call_id.clone() });
        let hang_up = HangUp { since: self.now, next_at: self.now, tries: 0 };
        self.call.strays.push(Stray { call_id, hang_up });
    }

    /// Removes the facts that came from another conversation's call.
    pub(super) fn forget_facts(&mut self) {
        let facts = &mut self.call.facts;
        facts.answered_by = None;
        facts.duration_seconds = None;
        facts.recording = None;
        facts.cost = None;
    }

    /// Applies the provider's reports about this call.
    pub(super) fn hear(&mut self, reports: Vec<Report>) {
        if self.call.forgotten {
            return;
        }
        for report in reports {
            self.apply(report);
        }
        self.poll_later();
    }

    /// Schedules the next poll of a live call: after a time without news, and as soon as the call has reached its
    /// limit. From then on, the polls follow each other after [`LIMIT_RETRY`].
    pub(super) fn poll_later(&mut self) {
        let (now, silence) = (self.now, self.call.provider.silence());
        let started_at = self.call.started_at;
        let limits = self.call.limits;
        if let Dispatch::Live { since, next_poll_at, .. } = &mut self.call.dispatch {
            let limit = limit_at(limits, *since, started_at);
            *next_poll_at = if now < limit { limit.min(now + silence) } else { now + LIMIT_RETRY };
        }
    }

    /// Ends a live call that has reached its limit. Called after the provider's latest reports were applied.
    pub(super) fn reach_limit(&mut self) {
        let Dispatch::Live { since, hang_up: None, .. } = self.call.dispatch else { return };
        if self.now >= limit_at(self.call.limits, since, self.call.started_at) {
            let started = self.call.started_at.is_some();
            self.end(if started { EndReason::MAX_DURATION_EXCEEDED } else { EndReason::NO_ANSWER }, self.now);
        }
    }

    fn apply(&mut self, report: Report) {
        match report {
            Report::Ringing => self.move_to(Status::Ringing),
            Report::Answered { at, by } => self.answered(at, by),
            Report::Ended { at, reason, started_at, answered_by, duration_seconds, ended_by } => {
                self.over(at, started_at, answered_by, duration_seconds);
                let by = ended_by.or_else(|| EndedBy::of_reason(&reason));
                self.over_for(reason, at, by);
            }
            Report::Transcript { utterances } => self.transcribed(utterances),
            Report::Recording { reference } if reference.len() > LONGEST_REFERENCE => {}
            Report::Recording { reference } => {
                self.call.facts.recording.get_or_insert(reference);
            }
            Report::Analysis { analysis } => {
                if self.call.facts.analysis.is_none() {
                    self.opt_out = analysis.opt_out == Some(true);
                    self.call.facts.analysis = Some(analysis.within_bounds());
                }
            }
            Report::Cost { cost } => {
                self.call.facts.cost.get_or_insert(cost);
            }
        }
    }

    pub(super) fn move_to(&mut self, status: Status) {
        let backwards = is_planted(Bug::StatusMovesBack) && !self.call.is_ended();
        if backwards || self.call.status < status {
            self.call.status = status;
        }
    }

    fn transcribed(&mut self, utterances: Vec<Utterance>) {
        if self.call.facts.transcript != Transcript::Awaited {
            return;
        }
        if utterances.is_empty() {
            self.call.facts.transcript = Transcript::Absent;
        } else {
            self.call.facts.transcript = Transcript::Stored;
            self.transcript = Some(utterances);
        }
    }

    /// Applies the passing of time.
    pub(super) fn pass_time(&mut self) {
        let now = self.now;
        match self.call.dispatch.clone() {
            Dispatch::Waiting { .. } => {
                if now >= self.call.window.not_after {
                    self.end(EndReason::DISPATCH_DEADLINE_EXCEEDED, now);
                }
            }
            Dispatch::Asking(asking) => {
                if let Some(why) = asking.lapsed(now) {
                    self.unknown(asking.since, why);
                    self.pass_unknown_time(asking.since);
                }
            }
            Dispatch::Unknown(unknown) => self.pass_unknown_time(unknown.since),
            Dispatch::Live { since, hang_up, .. } => self.pass_live_time(since, hang_up),
            Dispatch::Settled => {}
        }
        let abandon_after = self.longest_life();
        self.call.strays.retain(|stray| now < stray.hang_up.since + abandon_after);
    }

    /// Marks the outcome of the attempt that began at `since` as unknown.
    pub(super) fn unknown(&mut self, since: Timestamp, why: String) {
        self.note(Note::OutcomeUnknown { attempt: self.call.attempt, why });
        self.call.dispatch = Dispatch::Unknown(Unknown::begun(since, self.now, self.call.is_ended()));
    }

    fn pass_unknown_time(&mut self, since: Timestamp) {
        if self.now >= since + self.call.provider.settlement() {
            self.end(EndReason::DISPATCH_UNCONFIRMED, self.now);
        }
        if self.now >= since + self.longest_life() {
            self.give_up();
        }
    }

    /// Applies the passing of time to a live call. Time alone does not tell the call's outcome. A provider that does
    /// not answer polls about a call at its limit has lost it.
    fn pass_live_time(&mut self, since: Timestamp, hang_up: Option<HangUp>) {
        match hang_up {
            Some(hang_up) if self.now >= hang_up.since + self.longest_life() => self.give_up(),
            None if self.now >= given_up_at(&self.call, since) => self.end(EndReason::PROVIDER_LOST, self.now),
            Some(_) | None => {}
        }
    }

    /// Closes the attempt: its call cannot be live any more, or it was tried for long enough.
    pub(super) fn give_up(&mut self) {
        self.note(Note::GivenUp { attempt: self.call.attempt });
        self.call.dispatch = Dispatch::Settled;
    }

    /// Returns the longest time for which a call can be live at the provider, with a margin.
    pub(super) fn longest_life(&self) -> Span {
        longest_life(&self.call)
    }

    /// Publishes the closing event once it is due, and the events that must follow it.
    pub(super) fn announce(&mut self) {
        if let Closing::Due { by } = self.call.closing
            && (self.now >= by || is_complete(&self.call))
        {
            self.announce_end();
        }
        let announced = self.call.closing == Closing::Announced || is_planted(Bug::AnalysisBeforeEnd);
        if announced
            && !self.call.facts.analysis_announced
            && let Some(analysis) = self.call.facts.analysis.clone()
        {
            self.call.facts.analysis_announced = true;
            self.emit(Event::CallAnalyzed(analysis));
        }
        if self.opt_out {
            self.emit(Event::ContactOptOut(Consent {
                phone_number: self.call.to.clone(),
                channel: Channel::Voice,
                source: "analysis".to_owned(),
                keyword: None,
            }));
        }
    }

    fn announce_end(&mut self) {
        self.call.closing = Closing::Announced;
        let (Some(ended_at), Some(end_reason)) = (self.call.ended_at, self.call.end_reason.clone()) else { return };
        let ended = Event::CallEnded(CallEnded {
            started_at: self.call.started_at,
            ended_at,
            duration_seconds: self.call.duration_seconds(),
            end_reason,
            ended_by: self.call.ended_by,
            answered_by: self.call.facts.answered_by,
            has_transcript: self.call.facts.transcript == Transcript::Stored,
            recording_available: self.call.facts.recording.is_some(),
            cost: self.call.facts.cost.clone(),
        });
        if is_planted(Bug::AnnounceTwice) {
            self.emit(ended.clone());
        }
        self.emit(ended);
    }

    /// Returns a provider's time within the possible range, because its clock may be wrong. Nothing happened before the
    /// call's acceptance or start, or after now.
    pub(super) fn clamp(&self, at: Timestamp) -> Timestamp {
        at.max(self.call.started_at.unwrap_or(self.call.created_at)).min(self.now)
    }
}

/// Returns `true` if nothing is missing that `call.ended` waits for.
fn is_complete(call: &Call) -> bool {
    let settled = match call.dispatch {
        Dispatch::Waiting { .. } | Dispatch::Settled => true,
        Dispatch::Unknown(_) => call.end_reason == Some(EndReason::DISPATCH_UNCONFIRMED),
        Dispatch::Asking(_) | Dispatch::Live { .. } => false,
    };
    let is_told = call.facts.transcript != Transcript::Awaited && !call.awaits_detection();
    settled && (call.started_at.is_none() || is_told)
}
