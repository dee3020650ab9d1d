//! Test of every reachable state with every input, at every time that matters.
//!
//! The states are found by a breadth-first search from the acceptance. It ends when every input leads to a state with a
//! known shape. A shape has the properties that the rules distinguish, with counters capped.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::accepted;
use super::alphabet::{inputs, moments};
use super::invariants;
use crate::call::{Call, Closing, Dispatch, Status, Transcript, step};
use crate::retention::Retention;
use crate::time::Timestamp;

/// Smallest accepted number of shapes and pairs: those of the search when this test was written. With fewer, the search
/// has lost its way.
const SHAPES: usize = 760;
const PAIRS: usize = 332_481;

/// Shape of a state. The rules do the same for two states with equal shapes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shape {
    status: Status,
    started: bool,
    attempt: u32,
    dispatch: (u8, u32),
    own: Option<String>,
    strays: BTreeSet<String>,
    closing: u8,
    transcript: Transcript,
    analysis: (bool, bool, bool),
    others: bool,
    forgotten: bool,
}

impl Shape {
    fn of(call: &Call) -> Self {
        let dispatch = match &call.dispatch {
            Dispatch::Waiting { failures, .. } => (0, (*failures).min(1)),
            Dispatch::Asking(asking) => (1, asking.failures.min(1)),
            Dispatch::Unknown(unknown) => (2, unknown.searches.min(1)),
            Dispatch::Live { hang_up: None, .. } => (3, 0),
            Dispatch::Live { hang_up: Some(hang_up), .. } => (4, hang_up.tries.min(1)),
            Dispatch::Settled => (5, 0),
        };
        Self {
            status: call.status,
            started: call.started_at.is_some(),
            attempt: call.attempt.min(2),
            dispatch,
            own: call.provider_call_id.as_ref().map(ToString::to_string),
            strays: call.strays.iter().map(|stray| stray.call_id.to_string()).collect(),
            closing: match call.closing {
                Closing::Open => 0,
                Closing::Due { .. } => 1,
                Closing::Announced => 2,
            },
            transcript: call.facts.transcript,
            analysis: (call.facts.analysis.is_some(), call.facts.analysis_announced, call.facts.analysis_sought),
            others: call.facts.recording.is_some(),
            forgotten: call.forgotten,
        }
    }
}

/// Result of the search.
struct Explored {
    shapes: usize,
    pairs: usize,
    /// Number of different combinations of a status and a kind of dispatch.
    kinds: usize,
}

fn explore() -> Explored {
    let first = Call { retention: Retention::of_days(Retention::SHORTEST_DAYS), ..accepted() };
    let mut known = HashSet::from([Shape::of(&first)]);
    let mut open: VecDeque<(Call, Timestamp)> = VecDeque::from([(first.clone(), first.created_at)]);
    let mut pairs = 0;
    let mut kinds = HashSet::new();
    while let Some((call, since)) = open.pop_front() {
        invariants::of_a_state(&call);
        invariants::of_storage(&call);
        kinds.insert((call.status, std::mem::discriminant(&call.dispatch)));
        for now in moments(&call, since) {
            invariants::of_what_is_due(&call, now);
            for input in inputs(&call, now) {
                pairs += 1;
                let after = step(&call, input.clone(), now);
                invariants::of_a_step(&call, &input, now, &after);
                if known.insert(Shape::of(&after.call)) {
                    open.push_back((after.call, now));
                }
            }
        }
    }
    Explored { shapes: known.len(), pairs, kinds: kinds.len() }
}

#[test]
fn every_rule_holds_for_every_state_and_input() {
    let Explored { shapes, pairs, kinds } = explore();
    assert!(shapes >= SHAPES && pairs >= PAIRS, "only {shapes} shapes and {pairs} pairs");
    // Waiting, asking, unknown; live while dispatching, ringing and in progress; ended, and still asking, unknown, live
    // or settled.
    assert_eq!(kinds, 10);
}

/// Checks that the rules above find each planted bug.
#[cfg(feature = "planted-bugs")]
#[test]
fn the_pairs_find_each_planted_bug() {
    use crate::planted::{Bug, plant};

    let bugs = [
        Bug::ForgetLease,
        Bug::RetryTimeout,
        Bug::EndReasonMoves,
        Bug::StatusMovesBack,
        Bug::AnnounceTwice,
        Bug::AnalysisBeforeEnd,
        Bug::SequenceGap,
        Bug::DialSuppressed,
        Bug::LateCallKept,
    ];
    for bug in bugs {
        plant(Some(bug));
        let found = std::panic::catch_unwind(explore).is_err();
        plant(None);
        assert!(found, "{bug:?} is not found");
    }
}
