//! Tests of every scenario without faults.

use serde_json::Value;

use super::scenarios::{PLAIN, VOICE};
use super::{SEED, run, scenarios};
use crate::harness::aws::faults::Plan;
use crate::harness::world::auditor::{Measure, Weather};
use crate::harness::world::{World, simulate};

#[test]
fn every_scenario_keeps_every_promise_and_makes_the_requests_that_are_written_down() {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        let run = run(scenario, Plan::none(), Measure::of(Weather::Calm));
        if !run.findings.is_empty() {
            wrong.push(format!("{}: {}", scenario.name, run.report()));
        }
        if run.operations.len() != scenario.points {
            wrong.push(format!("{}: {} points, not {}", scenario.name, run.operations.len(), scenario.points));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Events that a client receives about a call, by its number.
const HEARD: [(&str, &[&str]); 4] = [
    (PLAIN, &["call.started", "call.ended", "call.analyzed"]),
    ("+15555550001", &["call.ended"]),
    ("+15555550003", &["call.started", "call.ended", "call.analyzed"]),
    ("+15555550007", &["call.ended"]),
];

#[test]
fn what_a_client_reads_is_what_its_endpoint_was_sent() {
    for (to, heard) in HEARD {
        simulate(async {
            let world = World::new(SEED).await;
            world
                .runs(async {
                    world.creates_webhook("hooks.example.com", &VOICE).await;
                    world.creates_call(to, "the-call").await;
                })
                .await;
            let (id, _) = world.clients.borrow().accepted["the-call"].clone();
            let read = world.events(id).await;
            let names: Vec<&str> = read.iter().map(|event| event["event"].as_str().unwrap()).collect();
            assert_eq!(names, heard, "{to}");
            let mut received: Vec<Value> = world.receiver.received().into_iter().map(|webhook| webhook.body).collect();
            received.sort_by_key(|body| body["sequence"].as_u64());
            assert_eq!(read, received, "{to}");
        });
    }
}
