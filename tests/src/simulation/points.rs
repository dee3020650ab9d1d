//! Tests of every scenario with a fault at each request in turn, and with two.

use super::scenarios::Scenario;
use super::storm::named_seed;
use super::{ENOUGH, FAULTS, RECOVERY, Run, SEED, run, scenarios, weather};
use crate::harness::aws::faults::{Fault, Plan};
use crate::harness::world::auditor::{Measure, Weather};

/// Number of pairs of faults in CI, which take about a minute. All pairs of crashes alone are three quarters of a
/// million.
const PAIRS: usize = 1_500;

/// Plays every scenario with this fault at each of its requests. Fails if fewer requests were struck than the scenario
/// has.
fn everywhere(fault: Fault) {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        let mut met = 0;
        for point in 0..scenario.points {
            let run = run(scenario, Plan::none().at(point, fault), Measure::of(weather(fault)));
            met += usize::from(run.not_applicable || run.operations.get(point).is_some_and(|met| met.fault.is_some()));
            note(&mut wrong, &run, || format!("{}, {fault:?} at {point}", scenario.name));
        }
        if met < scenario.points {
            wrong.push(format!("{}: only {met} points of {} were met", scenario.name, scenario.points));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn note(wrong: &mut Vec<String>, run: &Run, what: impl FnOnce() -> String) {
    if !run.findings.is_empty() && wrong.len() < ENOUGH {
        wrong.push(format!("{}: {}", what(), run.report()));
    }
}

#[test]
fn a_crash_before_any_request_breaks_no_promise() {
    everywhere(Fault::CrashBefore);
}

#[test]
fn a_crash_after_any_request_breaks_no_promise() {
    everywhere(Fault::CrashAfter);
}

#[test]
fn a_panic_at_any_request_breaks_no_promise() {
    everywhere(Fault::Panic);
}

#[test]
fn a_lost_answer_to_any_request_changes_nothing() {
    everywhere(Fault::LoseAnswer);
}

#[test]
fn a_broken_connection_at_any_request_changes_nothing() {
    everywhere(Fault::FailBefore);
}

#[test]
fn a_busy_service_at_any_request_changes_nothing() {
    everywhere(Fault::Throttle);
}

#[test]
fn another_write_at_the_same_time_as_any_changes_nothing() {
    everywhere(Fault::Conflict);
}

#[test]
fn what_a_batch_leaves_undone_is_not_taken_for_absent() {
    everywhere(Fault::Unprocessed);
}

fn pair(scenario: &Scenario, first: (usize, Fault), second: (usize, Fault)) -> Run {
    let weather = weather(first.1).max(weather(second.1));
    run(scenario, Plan::none().at(first.0, first.1).at(second.0, second.1), Measure::of_two(weather))
}

#[test]
fn two_faults_break_no_promise() {
    let mut chance = fastrand::Rng::with_seed(SEED);
    let mut wrong = Vec::new();
    for _ in 0..PAIRS {
        let scenario = chance.choice(scenarios().collect::<Vec<_>>()).unwrap();
        let at = chance.usize(0..scenario.points);
        let first = (at, chance.choice(FAULTS).unwrap());
        let second = (chance.usize(at + 1..scenario.points + RECOVERY), chance.choice(FAULTS).unwrap());
        let run = pair(scenario, first, second);
        note(&mut wrong, &run, || format!("{}, {first:?} and {second:?}", scenario.name));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Number of tests among which all pairs are divided. All processors have work, and an interrupted run need not start
/// again.
const SHARES: usize = 32;

const CRASHES: [Fault; 2] = [Fault::CrashBefore, Fault::CrashAfter];

/// Plays pairs of crashes. `is_chosen` selects first crashes by their position among all of them. Each is combined with
/// every possible second crash.
fn pairs_of_crashes(mut is_chosen: impl FnMut(usize) -> bool) -> Vec<String> {
    let (mut wrong, mut place) = (Vec::new(), 0);
    for scenario in scenarios() {
        for at in 0..scenario.points {
            for one in CRASHES {
                place += 1;
                if is_chosen(place) {
                    crash_twice(scenario, at, one, &mut wrong);
                }
            }
        }
    }
    wrong
}

/// Plays a scenario with this crash and every second one. A second crash after the end of the run with the first crash
/// alone would never happen, and both runs would be the same. Such pairs, a third of all, are skipped.
fn crash_twice(scenario: &Scenario, at: usize, one: Fault, wrong: &mut Vec<String>) {
    let alone = run(scenario, Plan::none().at(at, one), Measure::of(weather(one)));
    note(wrong, &alone, || format!("{}, {one:?} at {at}", scenario.name));
    for then in at + 1..(scenario.points + RECOVERY).min(alone.operations.len()) {
        for other in CRASHES {
            let run = pair(scenario, (at, one), (then, other));
            note(wrong, &run, || format!("{}, {one:?} at {at}, {other:?} at {then}", scenario.name));
        }
    }
}

/// Plays every pair of crashes whose first one belongs to this share.
fn all_pairs_of_crashes(share: usize) {
    let wrong = pairs_of_crashes(|place| place % SHARES == share);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Number of first crashes a day. Each has some forty second crashes of two kinds.
const OF_A_DAY: usize = 12;

/// Plays a part of [`all_pairs`] each day. The first crashes follow from the seed, which is an argument.
#[test]
#[ignore = "a share of all pairs, which the seed chooses: .ci/run names the date"]
fn todays_share_of_pairs() {
    let firsts = scenarios().map(|scenario| scenario.points * CRASHES.len()).sum::<usize>();
    let mut chance = fastrand::Rng::with_seed(named_seed());
    let chosen: Vec<usize> = (0..OF_A_DAY).map(|_| chance.usize(1..=firsts)).collect();
    println!("first crashes {chosen:?} of {firsts}");
    let wrong = pairs_of_crashes(|place| chosen.contains(&place));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_crash_that_would_come_behind_the_end_changes_nothing() {
    for scenario in scenarios().take(4) {
        let (at, one) = (scenario.points / 2, Fault::CrashAfter);
        let alone = run(scenario, Plan::none().at(at, one), Measure::of(weather(one)));
        let behind = pair(scenario, (at, one), (alone.operations.len(), Fault::CrashBefore));
        assert!(alone.operations == behind.operations && alone.findings == behind.findings, "{}", scenario.name);
    }
}

macro_rules! shares {
    ($($name:ident: $share:literal,)*) => {
        mod all_pairs {
            $(
                #[test]
                #[ignore = "takes hours: cargo test --profile simulation -p tests -- --ignored all_pairs"]
                fn $name() {
                    super::all_pairs_of_crashes($share);
                }
            )*

            /// Checks that no share is left out and none occurs twice.
            #[test]
            fn are_divided_among_all_shares() {
                assert_eq!([$($share),*], std::array::from_fn::<usize, { super::SHARES }, _>(|share| share));
            }
        }
    };
}

shares! {
    share_00: 0,
    share_01: 1,
    share_02: 2,
    share_03: 3,
    share_04: 4,
    share_05: 5,
    share_06: 6,
    share_07: 7,
    share_08: 8,
    share_09: 9,
    share_10: 10,
    share_11: 11,
    share_12: 12,
    share_13: 13,
    share_14: 14,
    share_15: 15,
    share_16: 16,
    share_17: 17,
    share_18: 18,
    share_19: 19,
    share_20: 20,
    share_21: 21,
    share_22: 22,
    share_23: 23,
    share_24: 24,
    share_25: 25,
    share_26: 26,
    share_27: 27,
    share_28: 28,
    share_29: 29,
    share_30: 30,
    share_31: 31,
}

/// Replays one run of one scenario: `cargo test -p tests -- --ignored --nocapture --exact
/// simulation::points::replay_of_points "<scenario>" <point> <fault> …`. The scenario's name and the faults are given
/// as a failed run prints them. Without `--exact`, the numbers would be taken for parts of test names.
#[test]
#[ignore = "replays what a failed run has printed"]
fn replay_of_points() {
    let words: Vec<String> = std::env::args().collect();
    let named = |scenario: &&Scenario| words.iter().any(|word| word == scenario.name);
    let scenario = scenarios().find(named).expect("name a scenario");
    let (mut plan, mut worst) = (Plan::none(), Weather::Calm);
    for pair in words.windows(2) {
        let fault = FAULTS.into_iter().find(|fault| format!("{fault:?}") == pair[1]);
        if let (Ok(point), Some(fault)) = (pair[0].parse(), fault) {
            plan = plan.at(point, fault);
            worst = worst.max(weather(fault));
        }
    }
    println!("{}", run(scenario, plan, Measure::of(worst)).report());
}
