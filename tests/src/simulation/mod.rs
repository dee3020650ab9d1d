//! Simulation: every scenario under every fault, judged by the auditor.
//!
//! - [`scripts`]: each scenario without faults.
//! - [`points`]: each scenario with one fault at each request in turn, and with two.
//! - [`random`], [`random_texts`]: many conversations at once in a [`storm`] of random faults. A seed that fails says
//!   how to replay it.
//! - [`planted`]: bugs planted on purpose, each of which the simulation finds.
//! - [`round_trips`]: the cost of each step, as counted requests.
//! - [`races`], [`text_races`]: many requests for the same thing at once.
//! - [`endpoints`]: endpoints that are dead, rotated, disabled and enabled while they are being retried.
//! - [`erasure`]: a number's data erased, and the whole table searched for it.
//! - [`retention`]: the data of a conversation, and the rest of it after its retention.
//! - [`limits`]: concurrency slots of calls and limits of keys, in virtual time.
//! - [`one_person`]: one person on the do-not-call list, however the number is written.
//! - [`one_key`]: one idempotency key at every route that takes one.
//! - [`permissions`]: the requests of each function to AWS against its role.
//! - [`observed`]: logs and metrics. [`upgrades`]: messages of another version.
//! - `live`, beside this module: the scenarios of a call at a live provider, once for each.
//! - [`unreadable`]: items of lists that cannot be read.
//! - [`absences`]: a queue or a schedule that is absent for an hour, and a program that is restarted again and again.

mod absences;
mod endpoints;
mod erasure;
mod limits;
mod observed;
mod one_key;
mod one_person;
mod permissions;
mod planted;
mod points;
mod races;
mod random;
mod random_texts;
mod retention;
mod round_trips;
mod scenarios;
mod scripts;
pub(crate) mod storm;
mod text_races;
mod texts;
mod unreadable;
mod upgrades;

use crate::harness::aws::faults::{Fault, Plan};
use crate::harness::aws::gate::Operation;
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{World, simulate};
use scenarios::Scenario;

/// Returns every scenario of both channels.
fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    scenarios::SCENARIOS.iter().chain(texts::SCENARIOS)
}

/// Seed of everything that must be the same in every run.
pub(crate) const SEED: u64 = 20_261_121;

/// Faults that strike each request in turn.
pub(crate) const FAULTS: [Fault; 8] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Panic,
    Fault::LoseAnswer,
    Fault::FailBefore,
    Fault::Throttle,
    Fault::Conflict,
    Fault::Unprocessed,
];

/// Furthest distance of a second fault behind the last request of a calm run. The first fault causes further requests.
pub(crate) const RECOVERY: usize = 30;

/// Highest number of failed runs that are reported.
pub(crate) const ENOUGH: usize = 5;

/// Result of a run.
pub(crate) struct Run {
    pub(crate) findings: Vec<String>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) not_applicable: bool,
}

/// Plays a scenario with a plan of faults, and judges it.
fn run(scenario: &Scenario, plan: Plan, measure: Measure) -> Run {
    run_seed(SEED, scenario, plan, measure)
}

/// Plays a scenario like [`run`], with another seed.
fn run_seed(seed: u64, scenario: &Scenario, plan: Plan, measure: Measure) -> Run {
    simulate(async {
        let world = World::new(seed).await;
        world.runs((scenario.prepares)(&world)).await;
        world.aws.gate.arm(plan);
        world.runs((scenario.plays)(&world)).await;
        Run::of(&world, measure)
    })
}

/// Returns the severity of a fault that strikes once.
pub(crate) fn weather(fault: Fault) -> Weather {
    match fault {
        Fault::CrashBefore | Fault::CrashAfter | Fault::Panic => Weather::Rough,
        Fault::LoseAnswer
        | Fault::FailBefore
        | Fault::Late(_)
        | Fault::Throttle
        | Fault::Conflict
        | Fault::Unprocessed
        | Fault::Slow(_) => Weather::Calm,
    }
}

impl Run {
    /// Judges a world since its gate was armed.
    pub(crate) fn of(world: &World, measure: Measure) -> Self {
        let operations = world.aws.gate.operations();
        let not_applicable = !world.aws.gate.not_applicable().is_empty();
        Self { findings: audit(world, measure), operations, not_applicable }
    }

    /// Returns the findings with all requests of the run.
    pub(crate) fn report(&self) -> String {
        let trace = self.operations.iter().map(|operation| {
            let Operation { index, point, about, at, fault } = operation;
            let fault = fault.map(|fault| format!("  <== {fault:?}")).unwrap_or_default();
            format!("{index:4} {:>12.3}s {} {about}{fault}", at.as_secs_f64(), point.name)
        });
        format!("{}\n{}", self.findings.join("\n"), trace.collect::<Vec<_>>().join("\n"))
    }
}
