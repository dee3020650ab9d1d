//! The rules of a call: one function.

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

/// The rules of attempts to place a call: the window bounds every wait.
const RULES: Rules = Rules { longest_retry_after: None, repeating_bug: Bug::RetryTimeout };

/// In how many steps those come back that found no place together.
const SPREAD: u8 = 16;

/// How long before an attempt is given up the provider is searched once more.
const LAST_LOOK: Span = Span::seconds(10);

/// An attempt is open for as long as its outcome may be unknown, then as the call may last, then as it is hung up: each at
/// most as long as a call can live. A stray may be found in between.
const LIVES: u32 = 4;

/// The rules of a call. News goes before the clock: what an input brings is taken in first, then what time alone
/// brings about, then the closing event where it is due.
pub fn step(call: &Call, input: Input, now: Timestamp) -> Step {
    let mut transition = Transition::new(call.clone(), now);
    // Time's alone to do: whoever else comes by may not be allowed to delete.
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

    /// Takes a place, where those are limited. `false` where none is left: the call waits, which is no failure.
    fn finds_place(&mut self, places: Option<Places>) -> bool {
        let Some(places) = places.filter(|_| self.call.place.is_none()) else { return true };
        let Some((place, change)) = places.take(self.now, self.longest_life().times(LIVES)) else { return false };
        self.call.place = Some(place);
        self.place = Some(change);
        true
    }

    /// Gives the place back, once nothing of the attempt can be open at the provider any more.
    fn give_place_back(&mut self) {
        let is_open = match self.call.dispatch {
            Dispatch::Asking(_) | Dispatch::Unknown(_) | Dispatch::Live { .. } => true,
            Dispatch::Waiting { .. } | Dispatch::Settled => !self.call.strays.is_empty(),
        };
        if !is_open && let Some(place) = self.call.place.take() {
            self.place = Some(PlaceChange::GiveBack(place));
        }
    }

    /// Its turn at the provider's account is then. Whoever waits has one turn, and another one for another attempt. A turn that
    /// has come by now is one all the same: nobody else has it, and nothing but this brings the call back.
    fn pace(&mut self, from: Timestamp) {
        let Dispatch::Waiting { failures, .. } = self.call.dispatch else { return };
        if self.call.is_ended() || self.call.has_slot() {
            return;
        }
        self.call.slot_at = Some(from);
        self.call.dispatch = Dispatch::Waiting { since: self.now, from, failures };
    }

    fn settle(&mut self, attempt: u32, outcome: Outcome) {
        // An acceptance is no news of the call's life: it only says that the provider has it.
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

    /// The one way back: the attempt provably never happened.
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

    /// Returns this attempt, if its outcome is still to be told.
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

    /// The provider has named this attempt with the call: what was adopted by its likeness is ours.
    fn named(&mut self, attempt: u32) {
        if attempt == self.call.attempt {
            self.call.adopted = None;
        }
    }

    /// Takes a call for the attempt's because it looks like it.
    fn adopted(&mut self, attempt: u32, call_id: &ProviderCallId, reports: Vec<Report>) {
        let Dispatch::Unknown(unknown) = self.call.dispatch else { return };
        if attempt == self.call.attempt && self.recognise(attempt, call_id, is_over(&reports)) {
            self.note(Note::Adopted { attempt, call_id: call_id.clone() });
            self.call.adopted = Some(unknown.since);
            self.hear(reports);
        }
    }

    /// The call that was adopted is another conversation's. The attempt's outcome is as unknown as it was, and given up when it
    /// would have been; what was told of the other's call is none of this one's. An end that was told stays told.
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

    /// Where a search adopts by likeness, which it does late, it looks once more right before the attempt is given up.
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

    /// Gives back what the wallet holds, less the call's price, once nothing of it can be live at the provider any more.
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

    /// What cannot be brought forward is ended; what cannot be ended is let go.
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
