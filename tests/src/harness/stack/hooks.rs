//! Webhook endpoint of a client. It verifies what it receives and records it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::signature::Secret;
use local::receiver::{Receiver, Reply, Responder, Webhook};
use serde_json::{Value, json};
use store::clock::Clock;

use super::local_stack::{LocalStack, PATIENCE};

/// Names of the events of a call.
pub(crate) const VOICE: [&str; 3] = ["call.started", "call.ended", "call.analyzed"];

/// Registered endpoint and everything that arrived there.
pub(crate) struct Hooks {
    pub(crate) id: String,
    receiver: Receiver,
    secret: Secret,
    heard: Vec<Value>,
}

impl Hooks {
    /// Registers an endpoint for every event of a call. It answers 200.
    pub(crate) async fn register(world: &LocalStack) -> Self {
        Self::answering(world, Arc::new(|_| Reply::OK)).await
    }

    /// Registers an endpoint that answers with this responder.
    pub(crate) async fn answering(world: &LocalStack, responder: Responder) -> Self {
        let receiver = Receiver::start(responder).await.expect("there is a free port");
        let answer = world.api.post("/v1/webhooks", &json!({ "url": receiver.url(), "events": VOICE })).await;
        let data = answer.data(201);
        let secret = data["secret"].as_str().and_then(|secret| Secret::parse(secret).ok()).expect("a secret");
        let id = data["id"].as_str().expect("an id").to_owned();
        Self { id, receiver, secret, heard: Vec::new() }
    }

    /// Waits for the next webhook, verifies it and returns it.
    pub(crate) async fn next(&mut self) -> Webhook {
        let webhook = tokio::time::timeout(PATIENCE, self.receiver.next()).await;
        let webhook = webhook.unwrap_or_else(|_| panic!("no webhook; before it came {:#?}", self.heard));
        let webhook = webhook.expect("the receiver runs");
        webhook.verify(&self.secret, Clock::system().now()).expect("the signature verifies");
        let event = webhook.event();
        assert_eq!(event["id"], webhook.id.as_str(), "the header names the event");
        self.heard.push(event);
        webhook
    }

    /// Waits for the next webhook and returns it without a check of its signature.
    pub(crate) async fn next_unverified(&mut self) -> Webhook {
        let webhook = tokio::time::timeout(PATIENCE, self.receiver.next()).await;
        webhook.expect("a webhook comes").expect("the receiver runs")
    }

    /// Returns the secret that the endpoint was created with.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns `true` if nothing arrives for this long.
    pub(crate) async fn is_silent(&mut self, for_as_long_as: Duration) -> bool {
        tokio::time::timeout(for_as_long_as, self.receiver.next()).await.is_err()
    }

    /// Returns the events that arrived for a conversation, each once and in order.
    pub(crate) fn of(&self, conversation: &str) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let mut events: Vec<Value> =
            self.heard.iter().filter(|event| event["conversationId"] == conversation).cloned().collect();
        events.sort_by_key(|event| event["sequence"].as_u64());
        events.retain(|event| seen.insert(event["id"].to_string()));
        events
    }

    /// Waits until an event of this name has arrived for each of these conversations.
    pub(crate) async fn heard(&mut self, name: &str, conversations: &[&str]) {
        let missing = |heard: &[Value], conversation: &str| {
            !heard.iter().any(|event| event["event"] == name && event["conversationId"] == conversation)
        };
        while conversations.iter().any(|conversation| missing(&self.heard, conversation)) {
            self.next().await;
        }
    }
}

/// Returns the names of events.
pub(crate) fn names(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["event"].as_str()).collect()
}

/// Asserts that the sequence counts from 1 without gaps.
#[track_caller]
pub(crate) fn assert_no_gaps(events: &[Value]) {
    let sequences: Vec<u64> = events.iter().filter_map(|event| event["sequence"].as_u64()).collect();
    assert_eq!(sequences, (1..=events.len() as u64).collect::<Vec<_>>(), "{events:#?}");
}
