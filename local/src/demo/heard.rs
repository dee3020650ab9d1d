//! Events of a conversation that have arrived. They may arrive in any order and more than once. They are shown in the
//! order of their `sequence`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::PATIENCE;

/// Event that has arrived.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrived {
    pub(super) name: String,
    pub(super) data: Value,
}

/// Events that have arrived, by their `sequence`.
#[derive(Debug, Default)]
pub(super) struct Heard {
    events: BTreeMap<u64, Arrived>,
    told: u64,
    last: Option<u64>,
}

impl Heard {
    /// Stores an event. Returns `false` if it has arrived before. `is_last` marks the event after which the demo ends.
    pub(super) fn take_in(&mut self, sequence: u64, event: Arrived, is_last: bool) -> bool {
        if is_last {
            self.last = Some(sequence);
        }
        self.events.insert(sequence, event).is_none()
    }

    /// Returns the next event in order, if it has arrived and is not behind the last one.
    pub(super) fn next(&mut self) -> Option<Arrived> {
        let event = self.events.get(&(self.told + 1)).filter(|_| !self.is_told())?;
        self.told += 1;
        Some(event.clone())
    }

    /// Returns `true` if all events up to the last one were shown.
    pub(super) fn is_told(&self) -> bool {
        self.last.is_some_and(|last| self.told >= last)
    }

    /// Returns the first of these events that has not arrived.
    pub(super) fn lacks(&self, names: &[&'static str]) -> Option<&'static str> {
        let names_heard: BTreeSet<&str> = self.events.values().map(|event| event.name.as_str()).collect();
        names.iter().copied().find(|name| !names_heard.contains(name))
    }

    /// Describes the missing event after the time limit. `last` describes the situation without the last event.
    pub(super) fn missing(&self, last: &str) -> String {
        let waited = PATIENCE.as_secs();
        match self.events.keys().last().filter(|highest| **highest > self.told) {
            Some(_) => {
                format!("event {} is missing after {waited} s: there is a gap in the sequence", self.told + 1)
            }
            None => format!("{last} after {waited} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str) -> Arrived {
        Arrived { name: name.to_owned(), data: Value::Null }
    }

    #[test]
    fn events_are_told_in_their_order_each_once_and_none_after_the_last() {
        let mut heard = Heard::default();
        for (name, sequence, is_last, is_new) in [
            ("c", 3, true, true),
            ("c", 3, true, false),
            ("a", 1, false, true),
            ("d", 4, false, true),
            ("b", 2, false, true),
        ] {
            assert!(!heard.is_told());
            assert_eq!(heard.take_in(sequence, event(name), is_last), is_new);
        }
        let told: Vec<Arrived> = std::iter::from_fn(|| heard.next()).collect();
        assert_eq!(told, ["a", "b", "c"].map(event));
        assert!(heard.is_told());
        assert_eq!((heard.lacks(&["c", "a"]), heard.lacks(&["a", "e"])), (None, Some("e")));
    }

    #[test]
    fn a_gap_and_a_missing_end_are_told_apart() {
        let mut heard = Heard::default();
        assert_eq!(heard.missing("the call is not analysed"), "the call is not analysed after 45 s");
        heard.take_in(2, event("call.analyzed"), true);
        assert_eq!(heard.next(), None);
        let gap = "event 1 is missing after 45 s: there is a gap in the sequence";
        assert_eq!(heard.missing("the call is not analysed"), gap);
    }
}
