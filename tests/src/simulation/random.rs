//! Tests of many calls at once, in a [storm](super::storm). A seed that fails prints itself. It is replayed by `cargo
//! test -p tests -- --ignored --nocapture replay_of_a_seed <seed>`.

use std::time::Duration;

use domain::call::Status;
use domain::time::Span;
use fastrand::Rng;
use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::json;

use super::Run;
use super::scenarios::VOICE;
use super::storm::{self, named_seed, try_seeds};
use crate::harness::world::{Expected, World};

/// Number of seeds in CI, which take about a minute.
const SEEDS: u64 = 300;
/// Number of seeds of `--ignored`.
const MANY_SEEDS: u64 = 20_000;
/// Scripts with the end reasons that each call may have in addition to those of any call.
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

/// Plays a seed, and judges it.
pub(super) fn play(seed: u64) -> Run {
    storm::play(seed, &VOICE, clients)
}

fn clients<'w>(world: &'w World, chance: &mut Rng) -> LocalBoxFuture<'w, ()> {
    let count = chance.usize(1..8);
    let clients: Vec<Client> = (0..count).map(|number| Client::by_chance(number, chance)).collect();
    async move { drop(join_all(clients.iter().map(|client| client.acts(world))).await) }.boxed_local()
}

/// Client with its random plan.
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
            // Each client has a phone of its own, so that an opt-out stops no other call.
            to: format!("+1555{:03}{digits}", 200 + number),
            reasons,
            begins_ms: chance.u64(0..20_000),
            not_before_s: if chance.bool() { 0 } else { chance.u32(1..200) },
            twice: chance.bool(),
            // A call that stays has to be closed, or it lasts for half an hour.
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

#[test]
fn no_seed_breaks_a_promise() {
    try_seeds(0..SEEDS / 2, play);
}

#[test]
fn nor_does_any_other() {
    try_seeds(SEEDS / 2..SEEDS, play);
}

/// Number of seeds a day.
const OF_A_DAY: u64 = 60;

#[test]
#[ignore = "a share of very many seeds, which the seed chooses: .ci/run names the date"]
fn todays_share_of_seeds() {
    let first = SEEDS + Rng::with_seed(named_seed()).u64(..MANY_SEEDS - SEEDS - OF_A_DAY);
    println!("seeds {first} to {}", first + OF_A_DAY - 1);
    try_seeds(first..first + OF_A_DAY, play);
}

#[test]
#[ignore = "takes an hour"]
fn no_seed_of_very_many_breaks_a_promise() {
    try_seeds(SEEDS..MANY_SEEDS, play);
}

#[test]
#[ignore = "replays a seed that failed; its number is an argument"]
fn replay_of_a_seed() {
    println!("{}", play(named_seed()).report());
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    for seed in 0..5 {
        let (one, other) = (play(seed), play(seed));
        assert!(one.operations == other.operations && one.findings == other.findings, "seed {seed} differs");
    }
}
