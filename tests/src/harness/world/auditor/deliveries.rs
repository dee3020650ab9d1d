//! Promise 3: every event goes to every endpoint that was subscribed, under one id.

use std::collections::BTreeMap;

use domain::delivery::{Delivery, State};
use domain::ids::{ConversationId, EndpointId, event_id};
use domain::log::LogEntry;
use domain::organization::Organization;
use domain::time::Timestamp;
use serde_json::Value;

use super::events::{name, sequence};
use super::{Audit, Weather, text};
use crate::harness::world::receiver::Received;

impl Audit<'_> {
    pub(super) fn judges_deliveries(
        &mut self,
        id: ConversationId,
        log: &[(Timestamp, LogEntry)],
        deliveries: &[Delivery],
    ) {
        for (committed_at, entry) in log {
            let Some(event) = name(entry) else { continue };
            let delivered: Vec<&Delivery> =
                deliveries.iter().filter(|delivery| delivery.log_number == entry.number).collect();
            let (all, any) = self.subscribers(event, entry.at, *committed_at);
            for endpoint in
                all.iter().filter(|endpoint| !delivered.iter().any(|delivery| delivery.endpoint == **endpoint))
            {
                self.finds(3, id, format!("{event} is not on its way to {endpoint}, which was subscribed"));
            }
            for delivery in delivered {
                if !any.contains(&delivery.endpoint) {
                    self.finds(3, id, format!("{event} goes to {}, which was not subscribed", delivery.endpoint));
                }
                self.judges_delivery(id, event, entry, delivery);
            }
        }
    }

    /// Returns the endpoints that were subscribed throughout the time from the event until its commit, and those that
    /// were subscribed at any moment of it.
    fn subscribers(&self, event: &str, from: Timestamp, to: Timestamp) -> (Vec<EndpointId>, Vec<EndpointId>) {
        let record = self.world.history.record();
        let first = record.organizations.iter().rposition(|(at, _)| *at < from).unwrap_or(0);
        let during =
            record.organizations[first..].iter().enumerate().filter(|(place, (at, _))| *place == 0 || *at <= to);
        let of =
            |organization: &Organization| organization.subscribers(self.world.scope.mode, event).collect::<Vec<_>>();
        let versions: Vec<Vec<EndpointId>> = during.map(|(_, (_, organization))| of(organization)).collect();
        let any: Vec<EndpointId> = versions.concat();
        let all = any.iter().filter(|endpoint| versions.iter().all(|version| version.contains(endpoint)));
        (all.copied().collect(), any.clone())
    }

    fn judges_delivery(&mut self, id: ConversationId, event: &str, entry: &LogEntry, delivery: &Delivery) {
        let received = self.received(id, sequence(entry).unwrap_or(0), delivery.endpoint);
        let taken = received.iter().any(|received| received.taken);
        let problem = match delivery.state {
            State::Pending => Some("is still pending"),
            State::Delivered => (!taken).then_some("counts as delivered, and never arrived"),
            State::Cancelled => {
                self.is_subscribed_now(delivery.endpoint).then_some("was cancelled for a living endpoint")
            }
            State::Exhausted => {
                let tried_enough = delivery.attempts.len() == 10 || self.is_disabled(delivery.endpoint);
                let given_up = self.measure.weather == Weather::Wild;
                (!tried_enough && !given_up).then_some("was given up too early")
            }
        };
        if let Some(problem) = problem {
            self.finds(3, id, format!("{event} to {} {problem}: {delivery:?}", delivery.endpoint));
        }
    }

    fn received(&self, id: ConversationId, sequence: u64, endpoint: EndpointId) -> Vec<Received> {
        let clients = self.world.clients.borrow();
        let Some(host) = clients.endpoints.get(&endpoint.to_string()).map(|endpoint| endpoint.host.clone()) else {
            return Vec::new();
        };
        let id = event_id(id, sequence);
        self.world
            .receiver
            .received()
            .into_iter()
            .filter(|received| received.host == host && received.id == id)
            .collect()
    }

    fn is_subscribed_now(&self, endpoint: EndpointId) -> bool {
        let record = self.world.history.record();
        record.organizations.last().is_some_and(|(_, now)| now.endpoints.iter().any(|entry| entry.id == endpoint))
    }

    fn is_disabled(&self, endpoint: EndpointId) -> bool {
        let record = self.world.history.record();
        let now = record.organizations.last().map(|(_, now)| now);
        now.is_some_and(|now| now.endpoints.iter().any(|entry| entry.id == endpoint && !entry.enabled))
    }

    /// Checks that each webhook agrees with the log, has a valid signature, and is the same at every attempt.
    pub(super) fn judges_receipts(&mut self) {
        let mut bodies: BTreeMap<String, Value> = BTreeMap::new();
        for received in self.world.receiver.received() {
            let id = ConversationId::parse(text(&received.body, "conversationId"));
            let sequence = received.body["sequence"].as_u64().unwrap_or(0);
            // An event that belongs to no conversation has a log of its own. There is nothing to compare it with.
            let Some(id) = id else {
                if received.body["conversationId"] != Value::Null || received.body["sequence"] != Value::Null {
                    self.findings.push(format!("promise 3: a webhook without a conversation: {received:?}"));
                }
                continue;
            };
            if received.id != event_id(id, sequence) || received.id != text(&received.body, "id") {
                self.finds(3, id, format!("event {sequence} came under the id {}", received.id));
            }
            if let Some(distrust) = &received.distrust {
                self.finds(3, id, format!("event {sequence} came with a bad signature at {}: {distrust}", received.at));
            }
            let first = bodies.entry(received.id.clone()).or_insert_with(|| received.body.clone());
            if *first != received.body {
                let changed = format!("event {sequence} changed from {first} to {}", received.body);
                self.finds(3, id, changed);
            }
        }
    }
}
