//! Promises 1, 2, 4, 5 and 7: one call for each request, in bounded time, never backwards, and no call to a suppressed
//! number.

use std::collections::BTreeMap;

use domain::call::{Call, Closing, Dispatch, Status, Transcript};
use domain::conversation::Conversation as _;
use domain::end_reason::EndReason;
use domain::ids::{ConversationId, Operation};
use domain::time::{Span, Timestamp};
use providers::simulator::Script;

use super::{Audit, Conversation, Weather};
use crate::harness::world::Placed;
use crate::harness::world::client::Expected;

/// Longest time until an unknown outcome is settled.
const UNKNOWN: Span = Span::minutes(5);
/// Longest delay beyond the ring limit or the duration limit of a call.
const BEYOND_LIMIT: Span = Span::seconds(60);
/// Extra delay if the consumer dies that asks the provider about the call. Its message is lost with it. The index names
/// the call half a minute later, and the next run of the schedule may be another minute away. The 15 seconds that are
/// reserved for the provider make up for a part of that.
const DEAD_CONSUMER: Span = Span::seconds(60);
/// Longest wait of a call beyond its window: a run of the schedule or two. No promise covers this.
const BEYOND_WINDOW: Span = Span::minutes(2);
/// Longest time from the end until `call.ended`: the minute that the event may wait, and one more slow request to the
/// provider.
const ANNOUNCEMENT: Span = Span::seconds(70);
/// Longest time that a call may still be up at the provider after its end: a claim's lease and a search.
const HANGING_UP: Span = Span::minutes(5);

/// End reasons that are allowed for any script if services are absent for longer than any retry lasts. The window of a
/// call may close before any worker can dial it, and its provider may not answer for half a minute. `internal_error` is
/// not among them: the service must not give up a call itself.
const GIVEN_UP: [EndReason; 2] = [EndReason::DISPATCH_DEADLINE_EXCEEDED, EndReason::PROVIDER_LOST];

/// Longest time that a claim may miss a suspension. It runs from the read before the claim to the end of its commit,
/// which is retried for eight seconds on conflicts. The claim's transaction does not check the organization's item,
/// because then all claims of an organization would conflict with each other.
pub(super) const SUSPENSION_SEEN: Span = Span::seconds(10);

impl Audit<'_> {
    /// Checks that no call at the provider belongs to two conversations.
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

    /// Checks that there is one conversation for every accepted key and none for a refused one.
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
        // One key may have been accepted for one request and refused for another.
        let refused = clients.refused.iter().filter(|key| !clients.accepted.contains_key(*key));
        for id in refused.map(of_key).filter(|id| self.conversations.contains_key(id)) {
            self.findings.push(format!("promise 7: {id} was refused, and is in the table"));
        }
    }

    /// Checks that the status never goes backwards and that each fact is set once.
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

    /// Checks that the call ended, and that it ended and published `call.ended` in time.
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

    /// Checks the calls at the provider. There is at most one, none is to a suppressed number, and it is over when the
    /// conversation is.
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
            // The program cannot hang up a call that the provider never reports.
            let hidden = hidden && conversation.call.provider_call_id.is_none();
            if !hidden && over_at > ended_at.max(placed_at) + HANGING_UP + self.measure.slack {
                self.finds(2, id, format!("ended at {ended_at}, and was up at the provider until {over_at}"));
            }
        }
    }

    /// Checks the outcomes that the scenario declared.
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
    /// Returns the commit time of `call.ended`.
    fn announced_at(&self) -> Option<Timestamp> {
        self.log.iter().find(|(_, entry)| super::events::name(entry) == Some("call.ended")).map(|(at, _)| *at)
    }
}

/// Returns the latest allowed end of a call, by its last version before the end.
fn bound_of(call: &Call, weather: Weather) -> Timestamp {
    let limit = Span::seconds(call.limits.max_duration_seconds);
    match (&call.dispatch, call.started_at) {
        // A consumer may have died before its commit. Then a later try ends the call.
        (Dispatch::Waiting { .. }, _) => call.window.not_after + BEYOND_WINDOW,
        (Dispatch::Asking(asking), _) => asking.since + UNKNOWN,
        (Dispatch::Unknown(unknown), _) => unknown.since + UNKNOWN,
        (Dispatch::Live { .. } | Dispatch::Settled, Some(started)) => started + limit + BEYOND_LIMIT,
        (Dispatch::Live { since, .. }, None) => {
            let late = if weather == Weather::Calm { Span::ZERO } else { DEAD_CONSUMER };
            *since + Span::seconds(call.limits.ring_seconds) + BEYOND_LIMIT + late
        }
        (Dispatch::Settled, None) => call.window.not_after + BEYOND_WINDOW,
    }
}

/// Returns a call at the simulator as a [`Placed`].
pub(super) fn placed(call: store::SimulatedCall, hung_up_at: Option<Timestamp>) -> Placed {
    let over_at = over_at(&call, hung_up_at);
    let store::SimulatedCall { conversation, attempt, placed_at, .. } = call;
    Placed { conversation, attempt, placed_at, over_at, hidden: Script::of(&call.to) == Script::Lost }
}

/// Returns the end of a call at the simulator, even if the program never learns of it.
fn over_at(call: &store::SimulatedCall, hung_up_at: Option<Timestamp>) -> Timestamp {
    let natural = match Script::of(&call.to) {
        // The provider's own limits end such a call.
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
    // A call that was claimed by its likeness may turn out to belong to another conversation. The conversation then
    // drops the call and every fact about it.
    if before.adopted.is_some() && after.provider_call_id.is_none() {
        before.provider_call_id = None;
        before.started_at = None;
        before.facts = after.facts.clone();
    }
    // The provider may report an answering machine before or after the end. The reason changes to voicemail as long as
    // no other reason was published.
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
