//! Promises 1, 2, 4, 5 and 7: one call for a request, in bounded time, never backwards, nobody who opted out.

use std::collections::BTreeMap;

use domain::call::{Call, Closing, Dispatch, Status, Transcript};
use domain::conversation::Conversation as _;
use domain::end_reason::EndReason;
use domain::ids::{ConversationId, Operation};
use domain::time::{Span, Timestamp};
use providers::simulator::Script;

use super::{Audit, Conversation, Weather};
use crate::world::Placed;
use crate::world::client::Expected;

/// The bound on an unknown outcome.
const UNKNOWN: Span = Span::minutes(5);
/// The bound on ringing and on a live call, beyond its own limit.
const BEYOND_LIMIT: Span = Span::seconds(60);
/// How much later the end may be seen where the consumer dies that asks the provider for it: it takes its message along, the
/// index names the call half a minute later, and the next run of the schedule may be a minute off. The quarter of a minute
/// that is kept in hand for the provider makes up for a part of it.
const DEAD_CONSUMER: Span = Span::seconds(60);
/// How long a call may wait beyond its window, which nothing promises: a run of the schedule or two.
const BEYOND_WINDOW: Span = Span::minutes(2);
/// How long after the end `call.ended` may come: the minute it may wait, and a provider that is asked once more and
/// takes its time.
const ANNOUNCEMENT: Span = Span::seconds(70);
/// How long after the end a call may still be up at the provider: a claim's lease and a search.
const HANGING_UP: Span = Span::minutes(5);

/// What a call ends as, whatever its script, where services are away for longer than anything is retried: its window may
/// close before anybody could dial it, and its provider not answer for half a minute. That we ourselves gave it up is
/// no excuse.
const GIVEN_UP: [EndReason; 2] = [EndReason::DISPATCH_DEADLINE_EXCEEDED, EndReason::PROVIDER_LOST];

/// How long a suspension may not be seen by a claim: from the read before it to the end of its own commit, which is tried for
/// eight seconds where others write. The organization's item is no part of the claim's transaction: every claim would meet
/// every other one there.
pub(super) const SUSPENSION_SEEN: Span = Span::seconds(10);

impl Audit<'_> {
    /// No call at the provider is two conversations'.
    pub(super) fn judges_holders(&mut self) {
        let mut holders: BTreeMap<String, Vec<ConversationId>> = BTreeMap::new();
        for (id, versions) in &self.world.history.record().calls {
            let held = versions.last().and_then(|(_, call)| call.provider_call_id.as_ref());
            if let Some(call_id) = held {
                holders.entry(call_id.to_string()).or_default().push(*id);
            }
        }
        for (call_id, ids) in holders.into_iter().filter(|(_, ids)| ids.len() > 1) {
            self.finds(1, ids[0], format!("has the call {call_id}, as {:?} have", &ids[1..]));
        }
    }

    /// One conversation for every key that was accepted, none for one that was refused.
    pub(super) fn judges_acceptance(&mut self) {
        let clients = self.world.clients.borrow();
        for (key, (id, _)) in &clients.accepted {
            if !self.conversations.contains_key(id) {
                self.findings.push(format!("promise 1: {key} was accepted as {id}, which is not in the table"));
            }
        }
        let of_key = |key: &String| ConversationId::for_key(&self.world.scope, Operation::CreateCall, key);
        let asked: Vec<ConversationId> = clients.asked.iter().map(of_key).collect();
        let was_asked = |id: &ConversationId| asked.contains(id) || clients.items.contains(id);
        for id in self.conversations.keys().filter(|id| !was_asked(id)) {
            self.findings.push(format!("promise 1: nobody asked for {id}"));
        }
        // A key may have been accepted for one request, and refused for another.
        let refused = clients.refused.iter().filter(|key| !clients.accepted.contains_key(*key));
        for id in refused.map(of_key).filter(|id| self.conversations.contains_key(id)) {
            self.findings.push(format!("promise 7: {id} was refused, and is in the table"));
        }
    }

    /// Never backwards, and each fact once.
    pub(super) fn judges_course(&mut self, id: ConversationId, conversation: &Conversation) {
        for pair in conversation.versions.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            let back = before.status == Status::Dispatching
                && after.status == Status::Queued
                && matches!(after.dispatch, Dispatch::Waiting { .. });
            if after.status < before.status && !back {
                self.finds(4, id, format!("went from {:?} to {:?} at {at}", before.status, after.status));
            }
            if back && self.placed.iter().any(|call| call.conversation == id && call.attempt == before.attempt) {
                self.finds(4, id, format!("attempt {} was placed, and is queued again at {at}", before.attempt));
            }
            if let Some(what) = changed_fact(before, after) {
                self.finds(4, id, format!("its {what} changed at {at}"));
            }
        }
    }

    /// Ended, in time.
    pub(super) fn judges_bounds(&mut self, id: ConversationId, conversation: &Conversation) {
        let Some((ended_at, _)) = conversation.versions.iter().find(|(_, call)| call.is_ended()) else {
            self.finds(2, id, format!("is still {:?}: {:?}", conversation.call.status, conversation.call.dispatch));
            return;
        };
        let (_, last) = conversation
            .versions
            .iter()
            .rev()
            .find(|(_, call)| !call.is_ended())
            .unwrap_or_else(|| conversation.versions.first().expect("there is a version"));
        let bound = bound_of(last, self.measure.weather) + self.measure.slack;
        if *ended_at > bound {
            self.finds(2, id, format!("ended at {ended_at}, and had to by {bound}; it was {:?}", last.dispatch));
        }
        let announced = conversation.announced_at();
        let latest = *ended_at + ANNOUNCEMENT + self.measure.slack;
        if announced.is_some_and(|announced| announced > latest) {
            self.finds(2, id, format!("ended at {ended_at}, and was announced at {announced:?}"));
        }
    }

    /// At most one call at the provider, to nobody who opted out, and over when the conversation is.
    pub(super) fn judges_dials(&mut self, id: ConversationId, conversation: &Conversation) {
        let placed: Vec<_> = self.placed.iter().filter(|call| call.conversation == id).cloned().collect();
        if placed.len() > 1 {
            self.finds(1, id, format!("{} calls were placed: {placed:?}", placed.len()));
        }
        let dials: Vec<_> =
            self.world.history.record().dials.iter().filter(|dial| dial.conversation == id).cloned().collect();
        for dial in dials {
            let (scope, record) = (&self.world.scope, self.world.history.record());
            let Some(claimed_at) = record.dial_claimed_at(&dial) else {
                drop(record);
                self.finds(1, id, format!("was dialled at {} without a claim", dial.placed_at));
                continue;
            };
            let suppressed = record.suppressed_before(scope, &dial.to, claimed_at);
            let suspended = record.suspended_before(claimed_at - SUSPENSION_SEEN - self.measure.slack);
            drop(record);
            if let Some(since) = suppressed {
                self.finds(5, id, format!("opted out at {since}, and claimed at {claimed_at}"));
            }
            if let Some(since) = suspended {
                self.finds(5, id, format!("was suspended at {since}, and claimed at {claimed_at}"));
            }
        }
        for Placed { placed_at, over_at, hidden, .. } in placed {
            let ended_at = conversation.call.ended_at.unwrap_or(over_at);
            // Nobody can hang up what the provider never says that it has.
            let hidden = hidden && conversation.call.provider_call_id.is_none();
            if !hidden && over_at > ended_at.max(placed_at) + HANGING_UP + self.measure.slack {
                self.finds(2, id, format!("ended at {ended_at}, and was up at the provider until {over_at}"));
            }
        }
    }

    /// What the scenario said has to come of it.
    pub(super) fn judges_expectations(&mut self) {
        let expected = self.world.clients.borrow().expected.clone();
        for expected in expected {
            match expected {
                Expected::Ends(id, reasons) => self.judges_reason(id, reasons, None),
                Expected::EndsOr(id, reasons, other) => self.judges_reason(id, reasons, Some(other)),
                Expected::NeverDialled(id) => {
                    if self.placed.iter().any(|call| call.conversation == id) {
                        self.finds(5, id, "was dialled");
                    }
                }
            }
        }
    }

    fn judges_reason(&mut self, id: ConversationId, reasons: &[&str], other: Option<&str>) {
        let Some(reason) = self.world.history.call(id).and_then(|call| call.end_reason) else { return };
        let (allowed, given_up) = match self.measure.weather {
            Weather::Calm => (&reasons[..1], [].as_slice()),
            Weather::Rough => (reasons, [].as_slice()),
            Weather::Wild => (reasons, GIVEN_UP.as_slice()),
        };
        let kept = allowed.contains(&reason.as_str()) || other == Some(reason.as_str()) || given_up.contains(&reason);
        if !kept {
            self.finds(2, id, format!("ended as {reason}, and had to as {allowed:?}"));
        }
    }
}

impl Conversation {
    /// When `call.ended` was committed.
    fn announced_at(&self) -> Option<Timestamp> {
        self.log.iter().find(|(_, entry)| super::events::name(entry) == Some("call.ended")).map(|(at, _)| *at)
    }
}

/// By when a call has to be ended, by the last version before it was.
fn bound_of(call: &Call, weather: Weather) -> Timestamp {
    let limit = Span::seconds(call.limits.max_duration_seconds);
    match (&call.dispatch, call.started_at) {
        // Whoever claimed it may have died before anybody heard of it, so that the end comes by another attempt.
        (Dispatch::Waiting { .. }, _) => call.window.not_after + BEYOND_WINDOW,
        (Dispatch::Asking { since, .. } | Dispatch::Unknown { since, .. }, _) => *since + UNKNOWN,
        (Dispatch::Live { .. } | Dispatch::Settled, Some(started)) => started + limit + BEYOND_LIMIT,
        (Dispatch::Live { since, .. }, None) => {
            let late = if weather == Weather::Calm { Span::ZERO } else { DEAD_CONSUMER };
            *since + Span::seconds(call.limits.ring_seconds) + BEYOND_LIMIT + late
        }
        (Dispatch::Settled, None) => call.window.not_after + BEYOND_WINDOW,
    }
}

/// A call at the simulator.
pub(super) fn placed(call: store::SimulatedCall, hung_up_at: Option<Timestamp>) -> Placed {
    let over_at = over_at(&call, hung_up_at);
    let store::SimulatedCall { conversation, attempt, placed_at, .. } = call;
    Placed { conversation, attempt, placed_at, over_at, hidden: Script::of(&call.to) == Script::Lost }
}

/// When a call is over at the simulator, whatever anybody knows of it.
fn over_at(call: &store::SimulatedCall, hung_up_at: Option<Timestamp>) -> Timestamp {
    let natural = match Script::of(&call.to) {
        // The provider's own limits end it.
        Script::Lost => call.placed_at + Span::seconds(call.ring_seconds + call.max_duration_seconds),
        Script::Stays => call.placed_at + Span::seconds(2 + call.max_duration_seconds),
        _ => call.placed_at + Span::seconds(5),
    };
    hung_up_at.map_or(natural, |hung_up_at| hung_up_at.min(natural))
}

fn changed_fact(before: &Call, after: &Call) -> Option<&'static str> {
    fn moved<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> bool {
        before.is_some() && before != after
    }
    let mut before = before.clone();
    if after.is_forgotten() {
        before.forget();
    }
    // What was adopted by its likeness is given back to whom the provider names: nothing that was known of it stays.
    if before.adopted.is_some() && after.provider_call_id.is_none() {
        before.provider_call_id = None;
        before.started_at = None;
        before.facts = after.facts.clone();
    }
    // A machine that answered is told of before or after the end: the reason becomes that while nobody was told another.
    let machine = after.end_reason == Some(EndReason::VOICEMAIL) && matches!(before.closing, Closing::Due { .. });
    if machine && before.end_reason == Some(EndReason::COMPLETED) && before.facts.detection_awaited {
        before.end_reason = Some(EndReason::VOICEMAIL);
    }
    let (old, new) = (&before.facts, &after.facts);
    let changes = [
        ("end reason", moved(before.end_reason.as_ref(), after.end_reason.as_ref())),
        ("end", moved(before.ended_at.as_ref(), after.ended_at.as_ref())),
        ("start", moved(before.started_at.as_ref(), after.started_at.as_ref())),
        ("provider's id", moved(before.provider_call_id.as_ref(), after.provider_call_id.as_ref())),
        ("answerer", moved(old.answered_by.as_ref(), new.answered_by.as_ref())),
        ("duration", moved(old.duration_seconds.as_ref(), new.duration_seconds.as_ref())),
        ("recording", moved(old.recording.as_ref(), new.recording.as_ref())),
        ("analysis", moved(old.analysis.as_ref(), new.analysis.as_ref())),
        ("price", moved(old.cost.as_ref(), new.cost.as_ref())),
        ("transcript", old.transcript != Transcript::Awaited && old.transcript != new.transcript),
        ("attempt", after.attempt < before.attempt),
    ];
    changes.into_iter().find(|(_, changed)| *changed).map(|(what, _)| what)
}
