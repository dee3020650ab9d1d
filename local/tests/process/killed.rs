//! SIGKILL in the middle: the queues are lost, the table is left, and that has to be enough.

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

/// How long after the last kill everything may take: an attempt whose outcome got lost is given up after 90 s, and
/// `call.ended` waits 60 s at most for what may still come.
const RECOVERY_MAX: Duration = Duration::from_secs(240);
/// The longest wait for anything that a running stack does at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number of a call: each has one of its own, all with the ordinary script.
fn number(call: usize) -> String {
    format!("+1555{call:03}4321")
}

/// Places a call, and asks again under the same key until it is accepted, whatever happens to the stack meanwhile.
async fn place(mut stacks: watch::Receiver<Client>, call: usize) -> String {
    let body = json!({ "agentSlug": "demo-voice", "toNumber": number(call) });
    loop {
        let client = stacks.borrow_and_update().clone();
        match client.post("/v1/calls", &format!("call-{call}"), &body).await {
            Ok(answer) => {
                assert_eq!(answer.status, 202, "{}", answer.body);
                return answer.body["data"]["conversationId"].as_str().expect("an id").to_owned();
            }
            // This stack was killed; the next one is about to be announced.
            Err(_) => stacks.changed().await.expect("there is a next one"),
        }
    }
}

/// Everything that a run has seen so far.
struct Run {
    data: tempfile::TempDir,
    stack: Running,
    stacks: watch::Sender<Client>,
    receiver: Receiver,
    secret: Secret,
    /// Ids of the events that arrived, by their names.
    heard: BTreeMap<String, BTreeSet<String>>,
    /// The conversations that were accepted, by their calls.
    accepted: BTreeMap<usize, String>,
    placing: JoinSet<(usize, String)>,
}

impl Run {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let stack = Running::start(data.path()).await;
        let receiver = Receiver::start(Arc::new(|_| Reply::OK)).await.expect("a free port");
        let events = ["call.started", "call.ended", "call.analyzed"];
        let body = json!({ "url": receiver.url(), "events": events });
        let answer = stack.client.post("/v1/webhooks", "hook", &body).await.expect("the stack answers");
        let secret = answer.body["data"]["secret"].as_str().and_then(|secret| Secret::parse(secret).ok());
        let stacks = watch::Sender::new(stack.client.clone());
        Self {
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

    /// Places so many calls, one in every `pace`: clients that know nothing of each other.
    fn place(&mut self, calls: usize, pace: Duration) {
        for call in 0..calls {
            let stacks = self.stacks.subscribe();
            let wait = pace * u32::try_from(call).expect("few calls");
            self.placing.spawn(async move {
                tokio::time::sleep(wait).await;
                (call, place(stacks, call).await)
            });
        }
    }

    /// Kills the stack, and starts another one on what it left.
    async fn kill(self) -> Self {
        let Self { stack, data, .. } = self;
        stack.kill().await;
        let stack = Running::start(data.path()).await;
        self.stacks.send_replace(stack.client.clone());
        Self { stack, data, ..self }
    }

    /// Takes in what happens until `reached`.
    async fn until(&mut self, what: &str, patience: Duration, reached: impl Fn(&Self) -> bool) {
        let happen = async {
            while !reached(self) {
                tokio::select! {
                    Some(placed) = self.placing.join_next() => {
                        let (call, id) = placed.expect("no client panics");
                        self.accepted.insert(call, id);
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

    /// How many calls were answered.
    async fn connected(&self) -> usize {
        let mut connected = 0;
        for id in self.accepted.values() {
            let call = self.get(&format!("/v1/calls/{id}")).await;
            connected += usize::from(call["data"]["startedAt"].is_string());
        }
        connected
    }

    /// Holds every accepted call against the promises.
    async fn check(&mut self) {
        let mut missing = BTreeSet::new();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for (call, id) in &self.accepted {
            let ended = self.get(&format!("/v1/calls/{id}")).await["data"].clone();
            assert_eq!(ended["status"], "ended", "{ended}");
            *reasons.entry(ended["endReason"].to_string()).or_default() += 1;
            let phone = self.get(&format!("/_local/phone/{}", number(*call))).await;
            assert!(phone["calls"].as_array().is_some_and(|calls| calls.len() <= 1), "dialled twice: {phone}");
            let events = self.get(&format!("/v1/calls/{id}/events")).await["data"].clone();
            let events = events.as_array().expect("a list");
            let sequences: Vec<u64> = events.iter().filter_map(|event| event["sequence"].as_u64()).collect();
            assert_eq!(sequences, (1..=events.len() as u64).collect::<Vec<_>>(), "{events:?}");
            assert_eq!(events.iter().filter(|event| event["event"] == "call.ended").count(), 1, "{events:?}");
            missing.extend(events.iter().filter_map(|event| event["id"].as_str().map(str::to_owned)));
        }
        println!("{} calls ended: {reasons:?}; {} events", self.accepted.len(), missing.len());
        let all_heard = |run: &Self| missing.iter().all(|id| run.heard.values().any(|heard| heard.contains(id)));
        self.until("every event arrived", PATIENCE, all_heard).await;
        let distinct: BTreeSet<&String> = self.accepted.values().collect();
        assert_eq!(distinct.len(), self.accepted.len(), "a conversation for each call");
    }
}

/// Kills the stack three times while calls are placed, dialled and reported; then lets it recover.
async fn survive(calls: usize, pace: Duration) {
    let clock = Clock::system();
    let mut run = Run::start().await;
    run.place(calls, pace);
    run.until("a quarter is accepted", PATIENCE, |run| run.accepted.len() >= calls / 4).await;
    run = run.kill().await;
    run.until("more are accepted and some started", PATIENCE, |run| {
        run.accepted.len() >= calls / 2 && run.heard("call.started") >= calls / 10
    })
    .await;
    run = run.kill().await;
    run.until("all are accepted and some ended", PATIENCE, |run| {
        run.accepted.len() == calls && run.heard("call.ended") >= calls / 10
    })
    .await;
    run = run.kill().await;
    let killed_at = clock.now();
    run.until("every call ended", RECOVERY_MAX, |run| run.heard("call.ended") >= calls).await;
    // What connected is analysed: where the callback got lost, the provider is asked two minutes after the end.
    let connected = run.connected().await;
    run.until("every connected call is analysed", RECOVERY_MAX, |run| run.heard("call.analyzed") >= connected).await;
    println!("recovered {} s after the last kill", clock.now().since(killed_at).as_seconds());
    run.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_calls_survive_a_stack_that_is_killed_three_times() {
    survive(60, Duration::from_millis(250)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the same with more calls takes a minute longer"]
async fn two_hundred_calls_survive_a_stack_that_is_killed_three_times() {
    survive(200, Duration::from_millis(100)).await;
}
