//! How many of a scope's calls may be open at its providers at the same time.
//!
//! A call takes a place with its claim and gives it back with the step that leaves nothing of the attempt open: each in
//! the same commit as the call itself, so that no crash comes between the two. A place that nobody gives back all the same
//! (its call was removed from the table by hand, say) lapses by itself: places are counted by the hour in which they do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// How long a call that finds no place waits at least.
const SHORTEST_WAIT: Span = Span::seconds(2);

/// And at most: a place that became free is taken within this.
const LONGEST_WAIT: Span = Span::seconds(30);

/// A place that a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The hour since the Unix epoch from which on nobody counts it any more.
    pub lapses_in: i64,
}

/// A scope's places that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// All of them.
    pub total: i64,
    /// How many of them lapse in which hour.
    pub by_hour: BTreeMap<i64, i64>,
}

/// What a claim has to see: how many places there are, and which are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// So many there are.
    pub limit: u32,
    /// These are taken.
    pub taken: Taken,
}

/// A change of the places that are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceChange {
    /// One is taken; refused where none is left by then.
    Take {
        /// Which.
        place: Place,
        /// So many there are.
        limit: u32,
        /// What has lapsed, hour by hour, and is swept out with it.
        lapsed: BTreeMap<i64, i64>,
    },
    /// One is given back.
    GiveBack(Place),
}

impl Taken {
    /// The hours that are over, and what is still counted in them.
    pub fn lapsed(&self, now: Timestamp) -> BTreeMap<i64, i64> {
        let mut lapsed = self.by_hour.clone();
        lapsed.split_off(&(hour_of(now) + 1));
        lapsed
    }
}

impl Places {
    /// None at all: whoever claims waits.
    pub fn none() -> Self {
        Self { limit: 0, taken: Taken::default() }
    }

    /// Whether one is left.
    pub fn are_left(&self, now: Timestamp) -> bool {
        self.taken.total - self.taken.lapsed(now).values().sum::<i64>() < i64::from(self.limit)
    }

    /// Takes a place for a call whose attempt can be open for so long at most. `None` where none is left.
    pub fn take(self, now: Timestamp, longest: Span) -> Option<(Place, PlaceChange)> {
        if !self.are_left(now) {
            return None;
        }
        let lapsed = self.taken.lapsed(now);
        let place = Place { lapses_in: hour_of(now + longest) + 1 };
        Some((place, PlaceChange::Take { place, limit: self.limit, lapsed }))
    }
}

/// How long a call waits that finds no place and has been waiting for so long: more patiently the longer it takes. `spread`
/// keeps those that were refused together from coming back together.
pub fn wait(waited: Span, spread: u8) -> Span {
    let (shortest, longest) = (SHORTEST_WAIT.as_milliseconds(), LONGEST_WAIT.as_milliseconds());
    let wait = (waited.as_milliseconds() / 4).clamp(shortest, longest) + i64::from(spread) * 100;
    u32::try_from(wait).map_or(LONGEST_WAIT, Span::milliseconds)
}

fn hour_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(3_600)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Place, PlaceChange, Places, Taken, wait};
    use crate::time::{Span, Timestamp};

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_milliseconds(hour * 3_600_000 + 1)
    }

    fn places(limit: u32, by_hour: &[(i64, i64)]) -> Places {
        let by_hour: BTreeMap<i64, i64> = by_hour.iter().copied().collect();
        Places { limit, taken: Taken { total: by_hour.values().sum(), by_hour } }
    }

    #[test]
    fn a_place_is_taken_while_there_is_one() {
        let taken = places(2, &[(12, 1)]).take(at(10), Span::minutes(90)).unwrap();
        assert_eq!(taken.0, Place { lapses_in: 12 });
        assert_eq!(places(2, &[(12, 1), (13, 1)]).take(at(10), Span::minutes(90)), None);
        assert_eq!(places(0, &[]).take(at(10), Span::minutes(90)), None);
    }

    #[test]
    fn what_nobody_gave_back_lapses_and_is_swept_out() {
        let (_, change) = places(2, &[(9, 1), (10, 1), (12, 1)]).take(at(10), Span::minutes(1)).unwrap();
        let lapsed = BTreeMap::from([(9, 1), (10, 1)]);
        assert_eq!(change, PlaceChange::Take { place: Place { lapses_in: 11 }, limit: 2, lapsed });
        // One that was given back after it was swept out leaves its hour below nothing, until that is swept out too.
        assert_eq!(places(1, &[(9, -1), (12, 1)]).take(at(10), Span::minutes(1)), None);
    }

    #[test]
    fn whoever_waits_longer_asks_more_seldom() {
        assert_eq!(wait(Span::ZERO, 0), Span::seconds(2));
        assert_eq!(wait(Span::minutes(1), 0), Span::seconds(15));
        assert_eq!(wait(Span::hours(9), 15), Span::milliseconds(31_500));
    }
}
