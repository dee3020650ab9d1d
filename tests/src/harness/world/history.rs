//! Record of everything that happened, as the table saw it: every version of every call, every dial, and every change
//! of the organization.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::call::{Call, Dispatch};
use domain::ids::{ConversationId, Scope};
use domain::organization::Organization;
use domain::sms::{SendState, SmsConversation};
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{SimulatedCall, SimulatedText, keys};
use tokio::sync::Notify;

use crate::harness::aws::clock::VirtualClock;
use crate::harness::aws::dynamo::Watcher;

/// Shared history. Clones share one record.
#[derive(Clone)]
pub(crate) struct History {
    clock: VirtualClock,
    record: Arc<Mutex<Record>>,
    changed: Arc<Notify>,
}

/// Recorded changes.
#[derive(Default)]
pub(crate) struct Record {
    /// Versions of each call, in order.
    pub(crate) calls: BTreeMap<ConversationId, Vec<(Timestamp, Call)>>,
    /// Versions of each SMS conversation, in order.
    pub(crate) texts: BTreeMap<ConversationId, Vec<(Timestamp, SmsConversation)>>,
    /// SMS messages that were carried, by the simulator or by a fake of a live provider.
    pub(crate) carried: Vec<Carried>,
    /// Versions of the organization, in order.
    pub(crate) organizations: Vec<(Timestamp, Organization)>,
    /// Calls that were placed, by the simulator or by a fake of a live provider.
    pub(crate) dials: Vec<Dial>,
    /// Times at which each suppression entry was added (`true`) or removed (`false`), by partition and sort key.
    pub(crate) suppressions: BTreeMap<(String, String), Vec<(Timestamp, bool)>>,
    /// Commit time of each log entry, by partition and sort key.
    pub(crate) log_entries: BTreeMap<(String, String), Timestamp>,
    /// Balances of the wallet with the amount held at that time, in order.
    pub(crate) balances: Vec<(i64, i64)>,
    /// Number of concurrency slots in use after each change, in order.
    pub(crate) places: Vec<i64>,
    /// Due time in milliseconds of each item in the `due` index, by partition and sort key.
    pub(crate) due: BTreeMap<(String, String), i64>,
    seen_dials: BTreeSet<String>,
}

impl Record {
    /// Returns the time since which a number was suppressed in this scope, as of just before `moment`. Returns `None`
    /// if it was not suppressed then.
    pub(crate) fn suppressed_before(&self, scope: &Scope, to: &str, moment: Timestamp) -> Option<Timestamp> {
        let key = keys::suppression(scope, &super::number(to));
        let changes = self.suppressions.get(&(key.pk, key.sk))?;
        let (at, is_listed) = changes.iter().rev().find(|(at, _)| *at < moment)?;
        is_listed.then_some(*at)
    }

    /// Returns the time since which the organization was suspended, as of just before `moment`.
    pub(crate) fn suspended_before(&self, moment: Timestamp) -> Option<Timestamp> {
        let (at, organization) = self.organizations.iter().rev().find(|(at, _)| *at < moment)?;
        organization.suspended.then_some(*at)
    }

    /// Returns the commit time of the claim that a call was placed for.
    pub(crate) fn dial_claimed_at(&self, dial: &Dial) -> Option<Timestamp> {
        let versions = self.calls.get(&dial.conversation)?.iter().rev();
        let is_claim = |(at, call): &&(Timestamp, Call)| {
            *at <= dial.placed_at && matches!(call.dispatch, Dispatch::Asking(asking) if asking.since <= *at)
        };
        versions.skip_while(|(at, _)| *at > dial.placed_at).find(is_claim).map(|(at, _)| *at)
    }

    /// Returns the commit time of the claim that an SMS message was carried for.
    pub(crate) fn text_claimed_at(&self, text: &SimulatedText) -> Option<Timestamp> {
        let versions = &self.texts.get(&text.conversation)?;
        let attempt = |conversation: &SmsConversation| match conversation.send(text.number) {
            Some(send) if matches!(send.state, SendState::Asking(_)) => Some(send.attempt),
            Some(_) | None => None,
        };
        let until = || versions.iter().filter(|(at, _)| *at <= text.sent_at);
        let last = until().filter_map(|(_, conversation)| attempt(conversation)).max()?;
        until().find(|(_, conversation)| attempt(conversation) == Some(last)).map(|(at, _)| *at)
    }
}

/// SMS message that was carried.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    pub(crate) text: SimulatedText,
}

/// Call that was placed.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    pub(crate) conversation: ConversationId,
    /// Called number, in E.164.
    pub(crate) to: String,
    pub(crate) placed_at: Timestamp,
}

impl History {
    pub(super) fn new(clock: VirtualClock) -> Self {
        Self { clock, record: Arc::default(), changed: Arc::default() }
    }

    /// Locks the record of everything so far.
    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap()
    }

    /// Waits for the next change.
    pub(super) async fn changes(&self) {
        self.changed.notified().await;
    }

    /// Returns the latest version of a call.
    pub(crate) fn call(&self, id: ConversationId) -> Option<Call> {
        self.record().calls.get(&id).and_then(|versions| versions.last()).map(|(_, call)| call.clone())
    }

    /// Returns the latest version of an SMS conversation.
    pub(crate) fn sms(&self, id: ConversationId) -> Option<SmsConversation> {
        self.record().texts.get(&id).and_then(|versions| versions.last()).map(|(_, last)| last.clone())
    }

    /// Records a call that a live provider placed. A repeated provider id is ignored.
    pub(crate) fn dialled(&self, call_id: &str, dial: Dial) {
        let mut record = self.record();
        if record.seen_dials.insert(call_id.to_owned()) {
            record.dials.push(dial);
        }
    }

    /// Records an SMS message that a live provider accepted. A repeated provider id is ignored.
    pub(crate) fn carried(&self, carried: Carried) {
        let mut record = self.record();
        if record.seen_dials.insert(carried.text.message_id.clone()) {
            record.carried.push(carried);
        }
    }

    /// Returns the earliest due time in the `due` index, in milliseconds.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.record().due.values().min().copied()
    }

    pub(super) fn watcher(&self) -> Watcher {
        let history = self.clone();
        Arc::new(move |key, item| {
            history.note(key, item);
            history.changed.notify_waiters();
        })
    }

    fn note(&self, key: &Value, item: Option<&Value>) {
        let now = Timestamp::from_milliseconds(self.clock.now_ms());
        let (pk, sk) = (key["pk"]["S"].as_str().unwrap(), key["sk"]["S"].as_str().unwrap());
        let place = (pk.to_owned(), sk.to_owned());
        let mut record = self.record();
        let due_at = item.and_then(|item| item["dueAt"]["N"].as_str()).map(|digits| digits.parse().unwrap());
        match due_at {
            Some(due_at) => drop(record.due.insert(place.clone(), due_at)),
            None => drop(record.due.remove(&place)),
        }
        if pk.starts_with("dnc#") {
            record.suppressions.entry(place.clone()).or_default().push((now, item.is_some()));
        }
        let Some(item) = item else { return };
        match (pk.split('#').next().unwrap(), sk.split('#').next().unwrap()) {
            ("conversation", "call") => {
                let call: Call = data(item);
                let versions = record.calls.entry(call.id).or_default();
                if versions.last().is_none_or(|(_, last)| *last != call) {
                    versions.push((now, call));
                }
            }
            ("conversation", "sms") => {
                let conversation: SmsConversation = data(item);
                let versions = record.texts.entry(conversation.id).or_default();
                if versions.last().is_none_or(|(_, last)| *last != conversation) {
                    versions.push((now, conversation));
                }
            }
            ("phone", "text") => {
                let text: SimulatedText = data(item);
                if record.seen_dials.insert(text.message_id.clone()) {
                    record.carried.push(Carried { text });
                }
            }
            ("conversation", "log") => drop(record.log_entries.entry(place).or_insert(now)),
            ("org", "org") => record.organizations.push((now, data(item))),
            ("wallet", "wallet") => {
                let amount = |name: &str| item[name]["N"].as_str().unwrap().parse().unwrap();
                record.balances.push((amount("balance"), amount("held")));
            }
            ("places", "places") => record.places.push(item["total"]["N"].as_str().unwrap().parse().unwrap()),
            ("phone", "call") => {
                let call: SimulatedCall = data(item);
                if record.seen_dials.insert(call.call_id.clone()) {
                    let (to, placed_at) = (call.to.as_str().to_owned(), call.placed_at);
                    record.dials.push(Dial { conversation: call.conversation, to, placed_at });
                }
            }
            _ => {}
        }
    }
}

/// Parses the JSON text of an item.
pub(super) fn data<T: DeserializeOwned>(item: &Value) -> T {
    serde_json::from_str(item["data"]["S"].as_str().unwrap()).unwrap()
}
