//! Tests that kill the stack with SIGKILL. The queues are lost, and the table alone must suffice for the recovery.

mod calls;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::signature::Secret;
use local::client::Client;
use local::receiver::{Receiver, Reply};
use serde_json::{Value, json};
use store::clock::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::process::Running;

/// Time limit for the recovery after the last kill. An attempt whose outcome is lost is given up after 90 s. A turn
/// whose consumer died is given up after 120 s. `call.ended` waits at most 60 s for late reports.
const RECOVERY_MAX: Duration = Duration::from_secs(240);
/// Time limit for anything that a running stack does at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kind of request that a run repeats.
struct Kind {
    /// Path of the request.
    path: &'static str,
    /// HTTP statuses of an accepted request.
    accepted: &'static [u16],
    /// Body of each request.
    body: fn(usize) -> Value,
    /// Events that the run subscribes to.
    events: &'static [&'static str],
}

/// Sends a request until it is accepted, always with the same key, even if the stack is killed meanwhile.
async fn place(mut stacks: watch::Receiver<Client>, kind: &Kind, request: usize) -> String {
    let body = (kind.body)(request);
    loop {
        let client = stacks.borrow_and_update().clone();
        match client.post(kind.path, &format!("request-{request}"), &body).await {
            Ok(answer) => {
                assert!(kind.accepted.contains(&answer.status), "{}: {}", answer.status, answer.body);
                return answer.body["data"]["conversationId"].as_str().expect("an id").to_owned();
            }
            // This stack was killed. The test sends the client of the next one soon.
            Err(_) => stacks.changed().await.expect("there is a next one"),
        }
    }
}

/// State of a run.
struct Run {
    kind: &'static Kind,
    data: tempfile::TempDir,
    stack: Running,
    stacks: watch::Sender<Client>,
    receiver: Receiver,
    secret: Secret,
    /// Ids of the events that arrived, by the events' names.
    heard: BTreeMap<String, BTreeSet<String>>,
    /// Accepted conversations, by the indexes of their requests.
    accepted: BTreeMap<usize, String>,
    placing: JoinSet<(usize, String)>,
}

impl Run {
    async fn start(kind: &'static Kind) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let stack = Running::start(data.path()).await;
        let receiver = Receiver::start(Arc::new(|_| Reply::OK)).await.expect("a free port");
        let body = json!({ "url": receiver.url(), "events": kind.events });
        let answer = stack.client.post("/v1/webhooks", "hook", &body).await.expect("the stack answers");
        let secret = answer.body["data"]["secret"].as_str().and_then(|secret| Secret::parse(secret).ok());
        let stacks = watch::Sender::new(stack.client.clone());
        Self {
            kind,
            data,
            stack,
            stacks,
            receiver,
            secret: secret.expect("a secret"),
            heard: BTreeMap::new(),
            accepted: BTreeMap::new(),
            placing: JoinSet::new(),
        }
    }

    /// Places this number of requests, one per `pace`, by independent clients.
    fn place(&mut self, requests: usize, pace: Duration) {
        for request in 0..requests {
            let (stacks, kind) = (self.stacks.subscribe(), self.kind);
            let wait = pace * u32::try_from(request).expect("few requests");
            self.placing.spawn(async move {
                tokio::time::sleep(wait).await;
                (request, place(stacks, kind, request).await)
            });
        }
    }

    /// Kills the stack and starts another one on its data.
    async fn kill(self) -> Self {
        let Self { stack, data, .. } = self;
        stack.kill().await;
        let stack = Running::start(data.path()).await;
        self.stacks.send_replace(stack.client.clone());
        Self { stack, data, ..self }
    }

    /// Records accepted requests and webhooks until `reached` returns `true`.
    async fn until(&mut self, what: &str, patience: Duration, reached: impl Fn(&Self) -> bool) {
        let happen = async {
            while !reached(self) {
                tokio::select! {
                    Some(placed) = self.placing.join_next() => {
                        let (request, id) = placed.expect("no client panics");
                        self.accepted.insert(request, id);
                    }
                    Some(webhook) = self.receiver.next() => {
                        webhook.verify(&self.secret, Clock::system().now()).expect("the signature verifies");
                        let name = webhook.event()["event"].as_str().expect("a name").to_owned();
                        self.heard.entry(name).or_default().insert(webhook.id);
                    }
                }
            }
        };
        if tokio::time::timeout(patience, happen).await.is_err() {
            let heard: Vec<_> = self.heard.iter().map(|(name, ids)| format!("{} {name}", ids.len())).collect();
            panic!("{what}: not after {patience:?}; {} accepted, heard {heard:?}", self.accepted.len());
        }
    }

    fn heard(&self, name: &str) -> usize {
        self.heard.get(name).map_or(0, BTreeSet::len)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.stack.client.get(path).await.expect("the stack answers");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Returns the events of a conversation from the API, after checking that none is missing or repeated.
    async fn events(&self, id: &str) -> Vec<Value> {
        let events = self.get(&format!("{}/{id}/events?limit=100", self.kind.path)).await["data"].clone();
        let events = events.as_array().expect("a list").clone();
        let sequences: Vec<u64> = events.iter().filter_map(|event| event["sequence"].as_u64()).collect();
        assert_eq!(sequences, (1..=events.len() as u64).collect::<Vec<_>>(), "{events:?}");
        events
    }

    /// Waits until all of these events have arrived.
    async fn until_heard(&mut self, ids: &BTreeSet<String>) {
        let all_heard = |run: &Self| ids.iter().all(|id| run.heard.values().any(|heard| heard.contains(id)));
        self.until("every event arrived", RECOVERY_MAX, all_heard).await;
    }

    fn check_that_conversations_are_distinct(&self) {
        let distinct: BTreeSet<&String> = self.accepted.values().collect();
        assert_eq!(distinct.len(), self.accepted.len(), "a conversation for each request");
    }
}

/// Returns the ids of events.
fn ids(events: &[Value]) -> impl Iterator<Item = String> {
    events.iter().filter_map(|event| event["id"].as_str().map(str::to_owned))
}
