//! Every scenario while nothing goes wrong.

use super::run;
use super::scenarios::SCENARIOS;
use crate::sim::faults::Plan;
use crate::world::auditor::{Measure, Weather};

#[test]
fn every_scenario_keeps_every_promise_and_makes_the_requests_that_are_written_down() {
    let mut wrong = Vec::new();
    for scenario in SCENARIOS {
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
