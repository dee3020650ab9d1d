//! Check that every path of the model ends. The model checker judges where paths end, not whether they do.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::USUAL;
use super::protocol::Action;
use super::state::{Setting, State};

fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// State on the path, with the actions that have yet to be tried in it.
struct Step {
    state: State,
    fingerprint: u64,
    actions: Vec<Action>,
}

impl Step {
    fn new(state: State) -> Self {
        Self { fingerprint: fingerprint(&state), actions: state.actions(), state }
    }
}

/// Searches depth first. A state that occurs again while it is on the path would close a circle.
#[test]
fn nothing_goes_round_in_circles() {
    let first = Step::new(State::initial(Setting { faults: 1, ..USUAL }));
    let mut on_path = HashMap::from([(first.fingerprint, true)]);
    let mut path = vec![first];
    let mut ends = 0;
    while let Some(step) = path.last_mut() {
        let Some(action) = step.actions.pop() else {
            on_path.insert(step.fingerprint, false);
            path.pop();
            continue;
        };
        let next = step.state.after(action);
        // An action that changes nothing is no step.
        if next == step.state {
            continue;
        }
        let next = Step::new(next);
        match on_path.get(&next.fingerprint) {
            Some(true) => panic!("{action:?} leads back to {:?}", next.state),
            Some(false) => {}
            None => {
                ends += usize::from(next.actions.is_empty());
                on_path.insert(next.fingerprint, true);
                path.push(next);
            }
        }
    }
    assert!(on_path.len() >= STATES && ends >= ENDS, "only {} states, {ends} of them final", on_path.len());
}

/// Numbers of all states and of final states when this test was written. There must be at least as many.
const STATES: usize = 46_662;
const ENDS: usize = 58;
