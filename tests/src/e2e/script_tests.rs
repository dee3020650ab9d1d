//! Tests of every script of the simulator, against the contract's table.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::stack::hooks::{Hooks, assert_no_gaps, names};
use crate::harness::stack::local_stack::{LocalStack, until};
use crate::simulation::storm::named_seed;

/// Expected result of a script.
struct Expected {
    /// Last digits of the number, and idempotency key of the call.
    script: &'static str,
    reason: &'static str,
    /// Number of calls at the provider.
    dials: usize,
    events: &'static [&'static str],
}

const CONNECTED: &[&str] = &["call.started", "call.ended", "call.analyzed"];
const NOT_CONNECTED: &[&str] = &["call.ended"];

const fn expected(
    script: &'static str,
    reason: &'static str,
    dials: usize,
    events: &'static [&'static str],
) -> Expected {
    Expected { script, reason, dials, events }
}

/// Places a call for every script, waits until each is over, and checks them against the table.
async fn run(scripts: &[Expected], patience: Duration) {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let number = |script: &Expected| format!("+1555555{}", script.script);
    let placed = scripts.iter().map(async |script| world.place(script.script, &number(script)).await);
    let placed = join_all(placed).await;
    let closing = scripts.iter().zip(&placed).map(async |(script, id)| {
        if script.reason == "hung_up_by_us" {
            world.call_when(id, "in_progress").await;
            world.api.post(&format!("/v1/calls/{id}/close"), &json!({ "reason": script.reason })).await.data(200);
        }
    });
    join_all(closing).await;
    let over = scripts.iter().zip(&placed).map(async |(script, id)| {
        let complete = async || Some(world.events(id).await).filter(|events| names(events) == script.events);
        until(&format!("script {} has its events", script.script), patience, complete).await
    });
    let logs = join_all(over).await;
    for ((script, id), events) in scripts.iter().zip(&placed).zip(&logs) {
        let last = script.events.last().expect("every script ends");
        hooks.heard(last, &[id]).await;
        hooks.heard("call.ended", &[id]).await;
        assert_no_gaps(events);
        assert_eq!(&hooks.of(id), events, "script {}: every event was delivered", script.script);
        check(&world, script, id, events).await;
    }
}

async fn check(world: &LocalStack, script: &Expected, id: &str, events: &[Value]) {
    let name = script.script;
    let ended: Vec<&Value> = events.iter().filter(|event| event["event"] == "call.ended").collect();
    assert_eq!(ended.len(), 1, "script {name}");
    assert_eq!(ended[0]["data"]["endReason"], script.reason, "script {name}");
    let call = world.call(id).await;
    assert_eq!((&call["status"], &call["endReason"]), (&json!("ended"), &json!(script.reason)), "script {name}");
    let connected = script.events.contains(&"call.started");
    assert_eq!(ended[0]["data"]["transcript"].is_array(), connected, "script {name}");
    assert_eq!(ended[0]["data"]["recordingAvailable"], connected, "script {name}");
    let dials = world.dials(&format!("+1555555{name}")).await;
    assert_eq!(dials, vec![id; script.dials], "script {name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quick_script_ends_as_the_table_says_in_one_closing_event() {
    let scripts = [
        expected("0123", "completed", 1, CONNECTED),
        expected("0001", "busy", 1, NOT_CONNECTED),
        expected("0002", "no_answer", 1, NOT_CONNECTED),
        expected("0003", "voicemail", 1, CONNECTED),
        expected("0004", "rejected", 0, NOT_CONNECTED),
        expected("0005", "invalid_destination", 0, NOT_CONNECTED),
        expected("0006", "completed", 1, CONNECTED),
        expected("0008", "completed", 1, CONNECTED),
        expected("0009", "completed", 1, CONNECTED),
        expected("0011", "hung_up_by_us", 1, CONNECTED),
    ];
    run(&scripts, Duration::from_secs(40)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes up to three minutes, as the scripts do"]
async fn every_slow_script_ends_as_the_table_says_in_one_closing_event() {
    run(&slow_scripts(), Duration::from_secs(180)).await;
}

fn slow_scripts() -> [Expected; 3] {
    [
        expected("0007", "dispatch_unconfirmed", 0, NOT_CONNECTED),
        expected("0010", "provider_lost", 1, NOT_CONNECTED),
        expected("0012", "completed", 1, CONNECTED),
    ]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of the slow scripts, which the seed chooses: .ci/run names the date"]
async fn todays_share_of_slow_scripts() {
    let [one, two, three] = slow_scripts();
    let script = match named_seed() % 3 {
        0 => one,
        1 => two,
        _ => three,
    };
    run(&[script], Duration::from_secs(180)).await;
}
