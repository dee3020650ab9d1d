//! Tests of many SMS conversations at once, in a [storm](super::storm). A seed that fails prints itself. It is replayed
//! by `cargo test -p tests -- --ignored --nocapture replay_of_texts <seed>`.

use std::time::Duration;

use domain::ids::ConversationId;
use fastrand::Rng;
use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};

use super::Run;
use super::storm::{self, named_seed, try_seeds};
use super::texts::TEXTS;
use crate::harness::world::World;

/// Number of seeds in CI, which take less than a minute.
const SEEDS: u64 = 100;
/// Number of seeds of `--ignored`.
const MANY_SEEDS: u64 = 10_000;

/// Scripts with the end reason that a conversation may have in addition to those of any conversation.
const SCRIPTS: [(&str, Option<&str>); 8] = [
    ("0123", None),
    ("0101", None),
    ("0102", None),
    ("0103", Some("opted_out")),
    ("0104", None),
    ("0105", None),
    ("0106", None),
    ("0107", Some("opted_out")),
];

/// Messages of customers.
const WORDS: [&str; 6] =
    ["What are your opening hours?", "Hello", "HELP", "YES", "مرحبا 👋", "Can I speak to a person?"];

/// Event in the course of a conversation. Its plan gives the milliseconds after the event before.
#[derive(Clone, Copy, Debug)]
enum Act {
    Writes(&'static str),
    Stops,
    OptsOutElsewhere,
    TakesOver { hands_back: bool },
    Closes,
    OpensAnother,
}

/// Client and customer with their random plan. Each customer has a phone of their own, so that an opt-out stops no
/// other conversation.
struct Pair {
    number: usize,
    to: String,
    script: Option<&'static str>,
    begins_ms: u64,
    twice: bool,
    acts: Vec<(u64, Act)>,
}

impl Pair {
    fn by_chance(number: usize, chance: &mut Rng) -> Self {
        let (digits, script) = chance.choice(SCRIPTS).unwrap();
        let count = chance.usize(0..6);
        Self {
            number,
            to: format!("+1555{:03}{digits}", 200 + number),
            script,
            begins_ms: chance.u64(0..20_000),
            twice: chance.bool(),
            acts: (0..count).map(|_| (chance.u64(0..20_000), Act::by_chance(chance))).collect(),
        }
    }

    /// Returns every end reason that the conversations may have. The first is that of a conversation without further
    /// events.
    fn reasons(&self) -> Vec<&'static str> {
        let acts = self.acts.iter().filter_map(|(_, act)| match act {
            Act::Writes(_) | Act::TakesOver { .. } => None,
            Act::Stops => Some("opted_out"),
            Act::OptsOutElsewhere => Some("do_not_call"),
            Act::Closes => Some("resolved"),
            Act::OpensAnother => Some("superseded_by_new_conversation"),
        });
        ["inactivity_timeout", "dispatch_unconfirmed"].into_iter().chain(self.script).chain(acts).collect()
    }

    /// Returns `true` if the customer may have opted out before this act. Then any message to them is refused.
    fn may_have_opted_out(&self, place: usize) -> bool {
        let before = self.acts[..place].iter();
        self.script.is_some() || before.into_iter().any(|(_, act)| matches!(act, Act::Stops | Act::OptsOutElsewhere))
    }

    async fn opens(&self, world: &World, key: &str) -> Option<ConversationId> {
        let id = if self.twice {
            let (one, other) = futures::join!(world.opens_sms(&self.to, key), world.opens_sms(&self.to, key));
            one.or(other)
        } else {
            world.opens_sms(&self.to, key).await
        };
        if let Some(id) = id {
            world.expects_texts(id, &self.reasons());
        }
        id
    }

    async fn acts(&self, world: &World) {
        tokio::time::sleep(Duration::from_millis(self.begins_ms)).await;
        let Some(mut id) = self.opens(world, &format!("texts-{}", self.number)).await else { return };
        for (place, (wait_ms, act)) in self.acts.iter().enumerate() {
            tokio::time::sleep(Duration::from_millis(*wait_ms)).await;
            let key = format!("texts-{}-{place}", self.number);
            match act {
                Act::Writes(words) => world.customer_texts(&self.to, words).await,
                Act::Stops => world.customer_texts(&self.to, "STOP").await,
                Act::OptsOutElsewhere => world.suppresses(&self.to).await,
                Act::Closes => world.closes_sms(id, "resolved").await,
                Act::TakesOver { .. } | Act::OpensAnother if self.may_have_opted_out(place) => {}
                Act::TakesOver { hands_back } => {
                    world.writes(id, "It is me, Grace.", &key).await;
                    if *hands_back {
                        world.hands_back(id).await;
                    }
                }
                Act::OpensAnother => match self.opens(world, &key).await {
                    Some(another) => id = another,
                    None => return,
                },
            }
        }
    }
}

impl Act {
    fn by_chance(chance: &mut Rng) -> Self {
        match chance.u32(0..12) {
            0 => Self::Stops,
            1 => Self::OptsOutElsewhere,
            2 => Self::TakesOver { hands_back: chance.bool() },
            3 => Self::Closes,
            4 | 5 => Self::OpensAnother,
            _ => Self::Writes(chance.choice(WORDS).unwrap()),
        }
    }
}

/// Plays a seed, and judges it.
fn play(seed: u64) -> Run {
    storm::play(seed, &TEXTS, clients)
}

fn clients<'w>(world: &'w World, chance: &mut Rng) -> LocalBoxFuture<'w, ()> {
    let count = chance.usize(1..6);
    let pairs: Vec<Pair> = (0..count).map(|number| Pair::by_chance(number, chance)).collect();
    async move { drop(join_all(pairs.iter().map(|pair| pair.acts(world))).await) }.boxed_local()
}

#[test]
fn no_seed_breaks_a_promise() {
    try_seeds(0..SEEDS, play);
}

/// Number of seeds a day.
const OF_A_DAY: u64 = 40;

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
fn replay_of_texts() {
    println!("{}", play(named_seed()).report());
}
