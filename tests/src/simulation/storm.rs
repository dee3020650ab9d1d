//! Storm of the random runs. Faults strike at random for ten minutes. Then they stop, and everything has to come to its
//! end. A seed fixes all of it.

use std::time::Duration;

use domain::time::Span;
use fastrand::Rng;
use futures::FutureExt;
use futures::future::{LocalBoxFuture, join3};
use store::QueueName;

use super::{ENOUGH, Run};
use crate::harness::aws::faults::{Fault, Plan, Rate};
use crate::harness::aws::queue::Liberties;
use crate::harness::world::auditor::{Measure, audit};
use crate::harness::world::{Behaviour, Habits, Reaction, World, simulate};

/// Duration of the storm.
const STORM: Duration = Duration::from_secs(600);
/// Extra delay after a storm: ten minutes of the storm itself, 15 minutes, and the reconciler's next run. The
/// reconciler leaves an action that it has requeued in vain alone for 15 minutes at most.
const AFTERMATH: Span = Span::minutes(26);
/// Longest absence of a queue or of the schedule.
const ABSENCE: Span = Span::hours(1);

const BEHAVIOURS: [Behaviour; 4] = [
    &[Reaction::Answers(200)],
    &[Reaction::Answers(500), Reaction::Hangs, Reaction::Answers(200)],
    &[Reaction::AsksToWait(30), Reaction::Answers(200)],
    &[Reaction::Answers(200), Reaction::Answers(410)],
];

/// Clients of a storm. Their random actions are drawn before it begins.
pub(super) type Clients = for<'w> fn(&'w World, &mut Rng) -> LocalBoxFuture<'w, ()>;

/// Plays a seed, and judges it.
pub(super) fn play(seed: u64, events: &[&str], clients: Clients) -> Run {
    simulate(async {
        let mut chance = Rng::with_seed(seed);
        let world = World::new(seed).await;
        world.receiver.behaves("fickle.example.com", chance.choice(BEHAVIOURS).unwrap());
        world
            .runs(async {
                world.creates_webhook("hooks.example.com", events).await;
                world.creates_webhook("fickle.example.com", events).await;
            })
            .await;
        if seed.is_multiple_of(4) {
            world.keeps_for_a_week().await;
        }
        world.aws.gate.arm(faults(&mut chance));
        let slack = upsets(&world, &mut chance);
        let lag = chance.u64(0..3_000);
        if chance.bool() {
            world.aws.database.lag_behind(Duration::from_millis(lag));
        }
        let clients = clients(&world, &mut chance);
        let upsets = upsets_of_the_world(&world, chance.fork());
        world.runs(join3(clears_up(&world), upsets, clients).map(|_| ())).await;
        let operations = world.aws.gate.operations();
        Run { findings: audit(&world, Measure::wild(slack)), operations, not_applicable: false }
    })
}

/// Plays seeds, and fails with those that went wrong.
pub(super) fn try_seeds(seeds: std::ops::Range<u64>, play: impl Fn(u64) -> Run) {
    let mut wrong = Vec::new();
    for seed in seeds {
        let run = play(seed);
        if !run.findings.is_empty() && wrong.len() < ENOUGH {
            wrong.push(format!("seed {seed}: {}", run.report()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Returns the seed that was named on the command line.
pub(crate) fn named_seed() -> u64 {
    std::env::args().filter_map(|word| word.parse().ok()).next_back().expect("name a seed")
}

async fn clears_up(world: &World) {
    tokio::time::sleep(STORM).await;
    world.aws.gate.calm_down();
    for queue in QueueName::ALL {
        world.aws.queues.set_liberties(queue.as_str(), Liberties::default());
    }
}

/// Returns a random plan of faults. Each fault that it contains has a rate of its own.
fn faults(chance: &mut Rng) -> Plan {
    let mut plan = if chance.u32(0..3) == 0 { Plan::conflicts() } else { Plan::none() };
    let late = Duration::from_millis(chance.u64(1..20_000));
    let faults = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::LoseAnswer,
        Fault::FailBefore,
        Fault::Throttle,
        Fault::Conflict,
        Fault::Unprocessed,
        Fault::Slow(late),
        Fault::Late(late),
        Fault::Panic,
    ];
    for fault in faults {
        if chance.bool() {
            plan = plan.with(Rate::new(fault, chance.u32(1..60)));
        }
    }
    plan
}

/// Sets random anomalies of the queues, the consumers and the schedule. Returns the extra delay that they may cause.
fn upsets(world: &World, chance: &mut Rng) -> Span {
    let mut slack = AFTERMATH;
    for queue in QueueName::ALL {
        let liberties = Liberties {
            duplicate: chance.u32(0..300),
            delay: chance.u32(0..300),
            delay_at_most: Duration::from_millis(chance.u64(0..30_000)),
            redeliver: chance.u32(0..200),
            redeliver_within: Duration::from_millis(chance.u64(0..60_000)),
            reorder: chance.bool(),
        };
        world.aws.queues.set_liberties(queue.as_str(), liberties);
    }
    let absence = Duration::from_secs(chance.u64(1..3_600));
    if chance.u32(0..4) == 0 {
        world.aws.queues.refuse_for(chance.choice(QueueName::ALL).unwrap().as_str(), absence);
        slack = sum(slack, ABSENCE);
    }
    let mut habits = Habits {
        concurrency: chance.usize(1..5),
        batch_size: chance.usize(1..=10),
        reconcilers: chance.usize(1..3),
        ..Habits::default()
    };
    if chance.u32(0..4) == 0 {
        habits.reconciler_sleeps_until_ms = world.aws.clock.now_ms() + i64::try_from(absence.as_millis()).unwrap();
        slack = sum(slack, ABSENCE);
    }
    *world.habits.borrow_mut() = habits;
    slack
}

fn sum(one: Span, other: Span) -> Span {
    Span::milliseconds(u32::try_from(one.as_milliseconds() + other.as_milliseconds()).unwrap())
}

/// Causes further anomalies at random: redelivered messages, lost callbacks, a clock that jumps.
async fn upsets_of_the_world(world: &World, mut chance: Rng) {
    for _ in 0..chance.usize(0..6) {
        tokio::time::sleep(Duration::from_millis(chance.u64(0..90_000))).await;
        match chance.u32(0..3) {
            0 => {
                for queue in QueueName::ALL {
                    world.aws.queues.redeliver(queue.as_str(), |_| true);
                }
            }
            1 => world.aws.queues.lose_everything(QueueName::Simulator.as_str()),
            _ => tokio::time::advance(Duration::from_millis(chance.u64(0..70_000))).await,
        }
    }
}
