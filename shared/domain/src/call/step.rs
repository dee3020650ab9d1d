//! Rules of a call, in one function.

use super::timing::{MOST_ANALYSIS_TRIES, analysis_sought_at};
use super::transition::{Step, Transition};
use super::{Call, Dispatch, Input, Outcome, Report, Status};
use crate::conversation::forget_when_due;
use crate::dispatch::{Asking, Open, Retry, Rules, Settled, Unknown, retry_delay};
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::holder::Holder;
use crate::ids::ProviderCallId;
use crate::log::Note;
use crate::objections::Objections;
use crate::places::{self, PlaceChange, Places};
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// Rules for attempts to place a call. A provider may ask for any wait, because the window bounds all waits.
const RULES: Rules = Rules { longest_retry_after: None, repeating_bug: Bug::RetryTimeout };

/// Number of buckets that spread the retries of calls that found no concurrency slot at the same time.
const SPREAD: u8 = 16;

/// Lead of the last search, before the time at which an attempt is given up.
const LAST_LOOK: Span = Span::seconds(10);

/// Longest time for which an attempt may be open, in call lifetimes. Its outcome may be unknown for one, the call may
/// last for one, and its hang-up may take one. An orphan call may be found in between.
const LIVES: u32 = 4;

/// Applies an input to a call. News is applied first. Then the time takes effect, and then the closing event is
/// published if it is due. So a report that arrives at a deadline counts before the deadline does.
pub fn step(call: &Call, input: Input, now: Timestamp) -> Step {
    let mut transition = Transition::new(call.clone(), now);
    // Only these inputs may strip the call to its tombstone. Functions that apply other inputs may have no permission
    // to delete items.
    let may_forget = matches!(input, Input::Tick | Input::Abandon);
    match input {
        Input::Close { reason } => transition.end_by(reason, now, Some(EndedBy::Client)),
        Input::Claim { objections, places } => transition.claim(objections, places),
        Input::Pace { from } => transition.pace(from),
        Input::Outcome { attempt, outcome } => transition.settle(attempt, outcome),
        Input::Heard { attempt, call_id, reports } => transition.heard(attempt, &call_id, reports),
        Input::Searched { attempt, found } => transition.searched(attempt, found),
        Input::Adopted { attempt, call_id, reports } => transition.adopted(attempt, &call_id, reports),
        Input::TakenAway { call_id, to } => transition.taken_away(&call_id, to),
        Input::Polled { call_id, reports } => transition.polled(&call_id, reports),
        Input::HungUp { call_id, confirmed } => transition.hung_up(&call_id, confirmed),
        Input::Tick => {}
        Input::Abandon => transition.abandon(),
    }
    transition.pass_time();
    transition.announce();
    transition.settle_hold();
    transition.give_place_back();
    if may_forget {
        forget_when_due(&mut transition.call, now);
    }
    transition.finish()
}

impl Transition {
    fn claim(&mut self, objections: Objections, places: Option<Places>) {
        let Dispatch::Waiting { from, failures, .. } = self.call.dispatch else { return };
        if self.call.is_ended() || self.now < from || self.now >= self.call.window.not_after {
            return;
        }
        let suppressed = objections.suppressed && !is_planted(Bug::DialSuppressed);
        if let Some(reason) = (Objections { suppressed, ..objections }).reason() {
            self.end(reason, self.now);
        } else if self.finds_place(places) {
            self.call.attempt += 1;
            self.call.slot_at = None;
            self.call.status = Status::Dispatching;
            self.call.dispatch = Dispatch::Asking(Asking::claimed(self.now, failures));
            self.claimed = Some(self.call.attempt);
        } else {
            let waited = self.now.since(self.call.window.not_before);
            let from = self.now + places::wait(waited, self.call.id.shard(SPREAD));
            self.call.dispatch = Dispatch::Waiting { since: self.now, from, failures };
        }
    }

    /// Takes a concurrency slot if their number is limited. Returns `false` if none is free; the call then waits, which
    /// does not count as a failure.
    fn finds_place(&mut self, places: Option<Places>) -> bool {
        let Some(places) = places.filter(|_| self.call.place.is_none()) else { return true };
        let Some((place, change)) = places.take(self.now, self.longest_life().times(LIVES)) else { return false };
        self.call.place = Some(place);
        self.place = Some(change);
        true
    }

    /// Returns the concurrency slot once no call of the attempt can be open at the provider any more.
    fn give_place_back(&mut self) {
        let is_open = match self.call.dispatch {
            Dispatch::Asking(_) | Dispatch::Unknown(_) | Dispatch::Live { .. } => true,
            Dispatch::Waiting { .. } | Dispatch::Settled => !self.call.strays.is_empty(),
        };
        if !is_open && let Some(place) = self.call.place.take() {
            self.place = Some(PlaceChange::GiveBack(place));
        }
    }

    /// Records the time of the call's rate limiter token. A call gets one token for each attempt. A token whose time
    /// has already come is recorded too: no other call has it, and only this step schedules the call again.
    fn pace(&mut self, from: Timestamp) {
        let Dispatch::Waiting { failures, .. } = self.call.dispatch else { return };
        if self.call.is_ended() || self.call.has_slot() {
            return;
        }
        self.call.slot_at = Some(from);
        self.call.dispatch = Dispatch::Waiting { since: self.now, from, failures };
    }

    fn settle(&mut self, attempt: u32, outcome: Outcome) {
        // An acceptance says nothing about the progress of the call, only that the provider has it.
        if let Outcome::Accepted { id } = &outcome {
            if self.recognise(attempt, id, false) {
                self.named(attempt);
            }
            return;
        }
        let Some(open) = self.open(attempt) else { return };
        match open.settle(outcome, RULES, self.now) {
            Settled::NotPlaced { retry, why } => {
                self.note(Note::NotPlaced { attempt, why });
                self.not_placed(retry);
            }
            Settled::Refused { reason, why } => {
                self.note(Note::Refused { attempt, why });
                self.call.dispatch = Dispatch::Settled;
                self.end(reason, self.now);
            }
            Settled::Unknown { since, why } => self.unknown(since, why),
            Settled::Accepted(_) | Settled::Unchanged => {}
        }
    }

    /// Returns the call to `queued` after an attempt that provably never happened. This is the only step back. A call
    /// without a further attempt ends as `provider_unavailable`.
    fn not_placed(&mut self, retry: Option<Retry>) {
        self.call.dispatch = Dispatch::Settled;
        if self.call.is_ended() {
            return;
        }
        match retry {
            Some(Retry { from, failures }) => {
                self.call.status = Status::Queued;
                self.call.dispatch = Dispatch::Waiting { since: self.now, from, failures };
            }
            None => self.end(EndReason::PROVIDER_UNAVAILABLE, self.now),
        }
    }

    /// Returns this attempt if its outcome is still open.
    fn open(&self, attempt: u32) -> Option<Open> {
        match self.call.dispatch {
            _ if attempt != self.call.attempt => None,
            Dispatch::Asking(asking) => Some(Open::Asking(asking)),
            Dispatch::Unknown(unknown) => Some(Open::Unknown(unknown)),
            Dispatch::Waiting { .. } | Dispatch::Live { .. } | Dispatch::Settled => None,
        }
    }

    fn heard(&mut self, attempt: u32, call_id: &ProviderCallId, reports: Vec<Report>) {
        if self.recognise(attempt, call_id, is_over(&reports)) {
            self.named(attempt);
            self.hear(reports);
        }
    }

    /// Confirms the attempt's call as this conversation's own, because the provider has named the attempt with it.
    fn named(&mut self, attempt: u32) {
        if attempt == self.call.attempt {
            self.call.adopted = None;
        }
    }

    /// Claims a call for the attempt because it looks like it.
    fn adopted(&mut self, attempt: u32, call_id: &ProviderCallId, reports: Vec<Report>) {
        let Dispatch::Unknown(unknown) = self.call.dispatch else { return };
        if attempt == self.call.attempt && self.recognise(attempt, call_id, is_over(&reports)) {
            self.note(Note::Adopted { attempt, call_id: call_id.clone() });
            self.call.adopted = Some(unknown.since);
            self.hear(reports);
        }
    }

    /// Gives up a claimed call that belongs to another conversation. The attempt's outcome is unknown again, and is
    /// given up at the same time as without the claim. Facts of the other conversation's call are removed. A call that
    /// is over, with nothing open at the provider, keeps its end and its facts.
    fn taken_away(&mut self, call_id: &ProviderCallId, to: Holder) {
        let attempt = self.call.attempt;
        self.note(Note::TakenAway { attempt, call_id: call_id.clone() });
        self.handed_over = Some((call_id.clone(), to));
        self.call.strays.retain(|stray| stray.call_id != *call_id);
        let is_over = self.call.is_ended() && self.call.dispatch == Dispatch::Settled;
        if self.call.provider_call_id.as_ref() != Some(call_id) || is_over {
            return;
        }
        let Some(since) = self.call.adopted.take() else { return };
        self.call.provider_call_id = None;
        self.call.started_at = None;
        self.forget_facts();
        self.call.dispatch = Dispatch::Unknown(Unknown::begun(since, self.now, self.call.is_ended()));
    }

    fn searched(&mut self, attempt: u32, found: Option<(ProviderCallId, Vec<Report>)>) {
        let Dispatch::Unknown(unknown) = self.call.dispatch else { return };
        if attempt != self.call.attempt {
            return;
        }
        if let Some((call_id, reports)) = found {
            self.note(Note::Adopted { attempt, call_id: call_id.clone() });
            self.heard(attempt, &call_id, reports);
        } else {
            let unknown = unknown.not_found(self.now, self.call.is_ended());
            self.call.dispatch = Dispatch::Unknown(self.not_behind_the_last_look(unknown));
        }
    }

    /// Schedules the next search at the latest [`LAST_LOOK`] before the attempt is given up, if the provider does not
    /// list our attempts. A search there claims a call by likeness only late, so one search right before the end is
    /// needed.
    fn not_behind_the_last_look(&self, unknown: Unknown) -> Unknown {
        let last = unknown.since + self.call.provider.settlement() - LAST_LOOK;
        if self.call.provider.lists_our_attempts() || self.now >= last { unknown } else { unknown.searched_by(last) }
    }

    fn polled(&mut self, call_id: &ProviderCallId, reports: Option<Vec<Report>>) {
        if self.call.provider_call_id.as_ref() != Some(call_id) {
            return;
        }
        let has_answered = reports.is_some();
        if let Some(reports) = reports {
            self.hear(reports);
            self.reach_limit();
        } else {
            self.poll_later();
        }
        let sought_at = analysis_sought_at(&self.call);
        let facts = &mut self.call.facts;
        if facts.analysis.is_none() && sought_at.is_some_and(|at| self.now >= at) {
            facts.analysis_tries = facts.analysis_tries.saturating_add(u32::from(!has_answered));
            facts.analysis_sought |= has_answered || facts.analysis_tries >= MOST_ANALYSIS_TRIES;
        }
    }

    fn hung_up(&mut self, call_id: &ProviderCallId, confirmed: bool) {
        let now = self.now;
        if self.call.provider_call_id.as_ref() == Some(call_id) {
            if let Dispatch::Live { hang_up: Some(hang_up), .. } = &mut self.call.dispatch {
                if confirmed {
                    self.call.dispatch = Dispatch::Settled;
                } else {
                    hang_up.tries = hang_up.tries.saturating_add(1);
                    hang_up.next_at = now + retry_delay(hang_up.tries);
                }
            }
            return;
        }
        if confirmed {
            self.call.strays.retain(|stray| stray.call_id != *call_id);
        }
        for stray in self.call.strays.iter_mut().filter(|stray| stray.call_id == *call_id) {
            stray.hang_up.tries = stray.hang_up.tries.saturating_add(1);
            stray.hang_up.next_at = now + retry_delay(stray.hang_up.tries);
        }
    }

    /// Releases the authorization hold and charges the price of the call, once nothing of it can be open at the
    /// provider any more.
    fn settle_hold(&mut self) {
        let over = self.call.is_ended() && self.call.dispatch == Dispatch::Settled && self.call.strays.is_empty();
        let connected = self.call.started_at.is_some();
        let seconds = if connected { self.call.duration_seconds() } else { 0 };
        if (over || (self.call.is_ended() && is_planted(Bug::SettleEarly)))
            && let Some(hold) = self.call.hold.as_mut().filter(|hold| !hold.settled)
        {
            hold.settled = true;
            self.settlement = Some(hold.settlement(seconds));
        }
    }

    /// Ends a call that makes no progress. If it is already ended, drops everything that is still open for it.
    fn abandon(&mut self) {
        self.note(Note::Abandoned);
        if self.call.is_ended() {
            self.call.dispatch = Dispatch::Settled;
            self.call.strays.clear();
            self.call.facts.analysis_sought = true;
        } else {
            self.end(EndReason::INTERNAL_ERROR, self.now);
        }
    }
}

fn is_over(reports: &[Report]) -> bool {
    reports.iter().any(|report| matches!(report, Report::Ended { .. }))
}
