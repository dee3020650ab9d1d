//! Calls that survive the end of the stack's process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use store::clock::Clock;

use super::{Kind, PATIENCE, RECOVERY_MAX, Run, ids};

const CALLS: Kind = Kind {
    path: "/v1/calls",
    accepted: &[202],
    body: |call| json!({ "agentSlug": "demo-voice", "toNumber": number(call) }),
    events: &["call.started", "call.ended", "call.analyzed"],
};

/// Returns the number of a call. Each call has its own, and all numbers have the ordinary script.
fn number(call: usize) -> String {
    format!("+1555{call:03}4321")
}

impl Run {
    /// Returns the number of calls that were answered.
    async fn connected(&self) -> usize {
        let mut connected = 0;
        for id in self.accepted.values() {
            let call = self.get(&format!("/v1/calls/{id}")).await;
            connected += usize::from(call["data"]["startedAt"].is_string());
        }
        connected
    }

    /// Checks the promises for every accepted call.
    async fn check_calls(&mut self) {
        let mut all = BTreeSet::new();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for (call, id) in &self.accepted {
            let ended = self.get(&format!("/v1/calls/{id}")).await["data"].clone();
            assert_eq!(ended["status"], "ended", "{ended}");
            *reasons.entry(ended["endReason"].to_string()).or_default() += 1;
            let phone = self.get(&format!("/_local/phone/{}", number(*call))).await;
            assert!(phone["calls"].as_array().is_some_and(|calls| calls.len() <= 1), "dialled twice: {phone}");
            let events = self.events(id).await;
            assert_eq!(events.iter().filter(|event| event["event"] == "call.ended").count(), 1, "{events:?}");
            all.extend(ids(&events));
        }
        println!("{} calls ended: {reasons:?}; {} events", self.accepted.len(), all.len());
        self.until_heard(&all).await;
        self.check_that_conversations_are_distinct();
    }
}

/// Kills the stack three times while calls are placed, dialled and reported. Then lets it recover.
async fn survive(calls: usize, pace: Duration) {
    let clock = Clock::system();
    let mut run = Run::start(&CALLS).await;
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
    // Every connected call is analysed. If the callback got lost, the provider is asked two minutes after the end.
    let connected = run.connected().await;
    run.until("every connected call is analysed", RECOVERY_MAX, |run| run.heard("call.analyzed") >= connected).await;
    println!("recovered {} s after the last kill", clock.now().since(killed_at).as_seconds());
    run.check_calls().await;
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "so many calls as the seed says: .ci/run names the date"]
async fn todays_share_of_calls_survives_a_stack_that_is_killed_three_times() {
    let seed: usize = std::env::args().filter_map(|word| word.parse().ok()).next_back().expect("name a seed");
    let calls = 60 + seed % 61;
    println!("{calls} calls");
    survive(calls, Duration::from_millis(150)).await;
}
