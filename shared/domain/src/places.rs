//! Concurrency slots: a limit on the calls of a scope that are open at its providers at the same time.
//!
//! A call takes a slot with its claim. The step that leaves nothing of the attempt open returns the slot. Both are in the
//! commit of the call, so that no crash comes between them. A slot may never be returned, for example because its call was
//! removed from the table by hand. Such a slot expires by itself: slots are counted by the hour in which they expire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// Shortest wait of a call that finds no slot.
const SHORTEST_WAIT: Span = Span::seconds(2);

/// Longest wait. A slot that became free is in use again within this time.
const LONGEST_WAIT: Span = Span::seconds(30);

/// Concurrency slot of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Hour since the Unix epoch from which the slot is not counted any more.
    pub lapses_in: i64,
}

/// Slots of a scope that are in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Number of all slots in use.
    pub total: i64,
    /// Number of slots that expire in each hour.
    pub by_hour: BTreeMap<i64, i64>,
}

/// Data that a claim needs: the limit, and the slots in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Number of slots that exist.
    pub limit: u32,
    /// Slots that are in use.
    pub taken: Taken,
}

/// Change of the slots that are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceChange {
    /// Slot is taken. The write is refused if none is left by then.
    Take {
        /// Slot that is taken.
        place: Place,
        /// Number of slots that exist.
        limit: u32,
        /// Expired slots, by hour, which are removed from the count with this change.
        lapsed: BTreeMap<i64, i64>,
    },
    /// Slot is returned.
    GiveBack(Place),
}

impl Taken {
    /// Returns the number of expired slots that are still counted, by hour.
    pub fn lapsed(&self, now: Timestamp) -> BTreeMap<i64, i64> {
        let mut lapsed = self.by_hour.clone();
        lapsed.split_off(&(hour_of(now) + 1));
        lapsed
    }
}

impl Places {
    /// Returns a limit of zero: every claim waits.
    pub fn none() -> Self {
        Self { limit: 0, taken: Taken::default() }
    }

    /// Returns `true` if a slot is left.
    pub fn are_left(&self, now: Timestamp) -> bool {
        self.taken.total - self.taken.lapsed(now).values().sum::<i64>() < i64::from(self.limit)
    }

    /// Takes a slot for a call whose attempt can be open for `longest` at most. Returns `None` if no slot is left.
    pub fn take(self, now: Timestamp, longest: Span) -> Option<(Place, PlaceChange)> {
        if !self.are_left(now) {
            return None;
        }
        let lapsed = self.taken.lapsed(now);
        let place = Place { lapses_in: hour_of(now + longest) + 1 };
        Some((place, PlaceChange::Take { place, limit: self.limit, lapsed }))
    }
}

/// Returns the wait of a call that finds no slot and has waited for `waited` already. The wait grows with that time.
/// `spread` keeps calls that were refused together from returning together.
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
        // A slot that is returned after its expiry was removed leaves a count of -1 in its hour, until that is removed too.
        assert_eq!(places(1, &[(9, -1), (12, 1)]).take(at(10), Span::minutes(1)), None);
    }

    #[test]
    fn whoever_waits_longer_asks_more_seldom() {
        assert_eq!(wait(Span::ZERO, 0), Span::seconds(2));
        assert_eq!(wait(Span::minutes(1), 0), Span::seconds(15));
        assert_eq!(wait(Span::hours(9), 15), Span::milliseconds(31_500));
    }
}
