//! Which events of a conversation arrived so far. They may come in any order, and more than once.

use std::collections::BTreeSet;

use super::PATIENCE;

/// The events that arrived.
#[derive(Debug, Default)]
pub(super) struct Heard {
    sequences: BTreeSet<u64>,
    names: BTreeSet<String>,
    last: Option<u64>,
}

impl Heard {
    /// Takes an event in; `false` where it was there before. `is_last` where none is awaited behind it.
    pub(super) fn take_in(&mut self, name: &str, sequence: u64, is_last: bool) -> bool {
        if is_last {
            self.last = Some(sequence);
        }
        self.names.insert(name.to_owned());
        self.sequences.insert(sequence)
    }

    /// Whether the last event arrived, and every one before it.
    pub(super) fn is_complete(&self) -> bool {
        self.last.is_some() && self.gap().is_none()
    }

    /// The first of these events that never came.
    pub(super) fn lacks(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| !self.names.contains(*name))
    }

    fn gap(&self) -> Option<u64> {
        let last = self.last.or(self.sequences.last().copied()).unwrap_or(0);
        (1..=last).find(|sequence| !self.sequences.contains(sequence))
    }

    /// What is still missing when patience is at an end, where `last` says what the last event would have told.
    pub(super) fn missing(&self, last: &str) -> String {
        let waited = PATIENCE.as_secs();
        match self.gap() {
            Some(sequence) => format!("event {sequence} is missing after {waited} s: there is a gap in the sequence"),
            None => format!("{last} after {waited} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_complete_once_every_one_up_to_the_last_arrived_in_whatever_order() {
        let mut heard = Heard::default();
        for (name, sequence, is_last, is_new) in
            [("a", 1, false, true), ("c", 3, true, true), ("c", 3, true, false), ("b", 2, false, true)]
        {
            assert!(!heard.is_complete());
            assert_eq!(heard.take_in(name, sequence, is_last), is_new);
        }
        assert!(heard.is_complete());
        assert_eq!((heard.lacks(&["c", "a"]), heard.lacks(&["a", "d"])), (None, Some("d")));
    }

    #[test]
    fn a_gap_and_a_missing_end_are_told_apart() {
        let mut heard = Heard::default();
        assert_eq!(heard.missing("the call is not analysed"), "the call is not analysed after 45 s");
        heard.take_in("call.analyzed", 2, true);
        assert!(!heard.is_complete());
        let gap = "event 1 is missing after 45 s: there is a gap in the sequence";
        assert_eq!(heard.missing("the call is not analysed"), gap);
    }
}
