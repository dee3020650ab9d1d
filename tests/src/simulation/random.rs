//! Many calls at once, and everything going wrong by chance, for ten minutes; then the weather clears, and everything
//! has to come to its end.
//!
//! A seed fixes all of it. One that fails prints itself, and is replayed by
//! `cargo test -p tests -- --ignored --nocapture replay_of_a_seed <seed>`.

use std::time::Duration;

use domain::call::Status;
use domain::time::Span;
use fastrand::Rng;
use futures::future::join_all;
use serde_json::json;
use store::QueueName;

use super::scenarios::VOICE;
use super::{ENOUGH, Run};
use crate::sim::faults::{Fault, Plan, Rate};
use crate::sim::queue::Liberties;
use crate::world::auditor::{Measure, audit};
use crate::world::{Behaviour, Expected, Habits, Reaction, World, simulate};

/// The seeds in CI: about a minute.
const SEEDS: u64 = 300;
/// The seeds of `--ignored`.
const MANY_SEEDS: u64 = 20_000;
/// How long things go wrong.
const STORM: Duration = Duration::from_secs(600);
/// How much later than promised things may then be: the storm itself, the quarter of an hour that the reconciler leaves
/// alone at most what it has put back in vain, and its next run.
const AFTERMATH: Span = Span::minutes(26);
/// The longest absence of a queue or of the schedule.
const ABSENCE: Span = Span::hours(1);

/// The scripts, with the reasons that a call may end with beside those of any.
const SCRIPTS: [(&str, &[&str]); 13] = [
    ("0123", &["completed", "dispatch_unconfirmed", "hung_up"]),
    ("0001", &["busy", "dispatch_unconfirmed", "hung_up"]),
    ("0002", &["no_answer", "dispatch_unconfirmed", "hung_up"]),
    ("0003", &["voicemail", "dispatch_unconfirmed", "hung_up"]),
    ("0004", &["rejected", "dispatch_unconfirmed", "hung_up"]),
    ("0005", &["invalid_destination", "dispatch_unconfirmed", "hung_up"]),
    ("0006", &["completed", "dispatch_unconfirmed", "hung_up"]),
    ("0007", &["dispatch_unconfirmed", "hung_up"]),
    ("0008", &["completed", "dispatch_unconfirmed", "hung_up"]),
    ("0009", &["completed", "dispatch_unconfirmed", "hung_up"]),
    ("0010", &["provider_lost", "dispatch_unconfirmed", "hung_up"]),
    ("0011", &["hung_up", "dispatch_unconfirmed", "max_duration_exceeded", "completed"]),
    ("0012", &["completed", "dispatch_unconfirmed", "hung_up"]),
];

const BEHAVIOURS: [Behaviour; 4] = [
    &[Reaction::Answers(200)],
    &[Reaction::Answers(500), Reaction::Hangs, Reaction::Answers(200)],
    &[Reaction::AsksToWait(30), Reaction::Answers(200)],
    &[Reaction::Answers(200), Reaction::Answers(410)],
];

/// Plays a seed, and judges it.
pub(super) fn play(seed: u64) -> Run {
    simulate(async {
        let mut chance = Rng::with_seed(seed);
        let world = World::new(seed).await;
        world.receiver.behaves("fickle.example.com", chance.choice(BEHAVIOURS).unwrap());
        world
            .runs(async {
                world.creates_webhook("hooks.example.com", &VOICE).await;
                world.creates_webhook("fickle.example.com", &VOICE).await;
            })
            .await;
        world.aws.gate.arm(storm(&mut chance));
        let slack = upsets(&world, &mut chance);
        let lag = chance.u64(0..3_000);
        if chance.bool() {
            world.aws.database.lag_behind(Duration::from_millis(lag));
        }
        world.runs(plays(&world, &mut chance)).await;
        let operations = world.aws.gate.operations();
        Run { findings: audit(&world, Measure::wild(slack)), operations, not_applicable: false }
    })
}

/// What goes wrong with requests: some of it, each by its own rate.
fn storm(chance: &mut Rng) -> Plan {
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

/// What is unlike itself in this world, and how much later that may make things.
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

async fn plays(world: &World, chance: &mut Rng) {
    let count = chance.usize(1..8);
    let clients: Vec<Client> = (0..count).map(|number| Client::by_chance(number, chance)).collect();
    let upsets = upsets_of_the_world(world, chance.fork());
    let storm = async {
        tokio::time::sleep(STORM).await;
        world.aws.gate.calm_down();
        for queue in QueueName::ALL {
            world.aws.queues.set_liberties(queue.as_str(), Liberties::default());
        }
    };
    futures::join!(storm, upsets, join_all(clients.iter().map(|client| client.acts(world))));
}

/// What happens beside the clients: messages that come again, callbacks that are lost, a clock that jumps.
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

/// A client, and what it will do.
struct Client {
    key: String,
    to: String,
    reasons: &'static [&'static str],
    begins_ms: u64,
    not_before_s: u32,
    twice: bool,
    closes_after_ms: Option<u64>,
    opts_out_after_ms: Option<u64>,
}

impl Client {
    fn by_chance(number: usize, chance: &mut Rng) -> Self {
        let (digits, reasons) = chance.choice(SCRIPTS).unwrap();
        let later = |chance: &mut Rng, share: u32, limit_ms: u64| {
            let ms = chance.u64(0..limit_ms);
            (chance.u32(0..share) == 0).then_some(ms)
        };
        Self {
            key: format!("call-{number}"),
            // Each its own phone: one that opts out is to stop no other.
            to: format!("+1555{:03}{digits}", 200 + number),
            reasons,
            begins_ms: chance.u64(0..20_000),
            not_before_s: if chance.bool() { 0 } else { chance.u32(1..200) },
            twice: chance.bool(),
            // What stays has to be closed, or lasts for half an hour.
            closes_after_ms: if digits == "0011" { Some(chance.u64(0..90_000)) } else { later(chance, 3, 60_000) },
            opts_out_after_ms: later(chance, 4, 60_000),
        }
    }

    async fn acts(&self, world: &World) {
        let wait = |ms| tokio::time::sleep(Duration::from_millis(ms));
        wait(self.begins_ms).await;
        let not_before = (world.now() + Span::seconds(self.not_before_s)).to_string();
        let more = if self.not_before_s > 0 { json!({"notBefore": not_before}) } else { json!({}) };
        let asks = || world.creates_call_with(&self.to, &self.key, more.clone());
        let accepted = if self.twice {
            let (one, other) = futures::join!(asks(), asks());
            one.or(other)
        } else {
            asks().await
        };
        let Some(id) = accepted else { return };
        if let Some(ms) = self.opts_out_after_ms {
            wait(ms).await;
            world.suppresses(&self.to).await;
            asks().await;
            world.expects(Expected::EndsOr(id, self.reasons, "do_not_call"));
        } else {
            world.expects(Expected::Ends(id, self.reasons));
        }
        if let Some(ms) = self.closes_after_ms {
            wait(ms).await;
            if self.not_before_s == 0 {
                world.sees(id, |call| call.status > Status::Queued).await;
            }
            world.closes(id, "hung_up").await;
        }
    }
}

fn try_seeds(seeds: std::ops::Range<u64>) {
    let mut wrong = Vec::new();
    for seed in seeds {
        let run = play(seed);
        if !run.findings.is_empty() && wrong.len() < ENOUGH {
            wrong.push(format!("seed {seed}: {}", run.report()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_seed_breaks_a_promise() {
    try_seeds(0..SEEDS / 2);
}

#[test]
fn nor_does_any_other() {
    try_seeds(SEEDS / 2..SEEDS);
}

#[test]
#[ignore = "takes an hour"]
fn no_seed_of_very_many_breaks_a_promise() {
    try_seeds(SEEDS..MANY_SEEDS);
}

#[test]
#[ignore = "replays a seed that failed; its number is an argument"]
fn replay_of_a_seed() {
    let seed = std::env::args().filter_map(|word| word.parse().ok()).next_back().expect("name a seed");
    println!("{}", play(seed).report());
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    for seed in 0..5 {
        let (one, other) = (play(seed), play(seed));
        assert!(one.operations == other.operations && one.findings == other.findings, "seed {seed} differs");
    }
}
