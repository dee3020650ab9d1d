//! Retention: the time for which a conversation's data is kept. Afterwards only its tombstone is left. It shows that the
//! conversation existed, when it did, and how it ended. It also prevents its request from being carried out again.
//!
//! Messages, log entries and transcripts are items of their own, which expire after this time. Other data is part of the
//! conversation, such as the task of its agent, and is needed until the end. It is removed this long after the end, as the
//! last pending action.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// Time for which a tombstone is kept after its conversation's data, together with the idempotency key of the request.
pub const HEAD_KEPT: Span = Span::days(30);

/// Time for which the data of an agent's conversations is kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Retention {
    days: u16,
}

/// Error for a number of days outside the allowed range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {} to {} days", Retention::SHORTEST_DAYS, Retention::LONGEST_DAYS)]
pub struct NoRetention;

impl TryFrom<u16> for Retention {
    type Error = NoRetention;

    fn try_from(days: u16) -> Result<Self, NoRetention> {
        Self::of_days(days).ok_or(NoRetention)
    }
}

impl From<Retention> for u16 {
    fn from(retention: Retention) -> Self {
        retention.days
    }
}

impl Retention {
    /// Minimum, in days. An event may be on its way to a webhook endpoint for almost that long.
    pub const SHORTEST_DAYS: u16 = 7;
    /// Maximum, in days: ten years.
    pub const LONGEST_DAYS: u16 = 3_650;

    /// Returns a retention of that many days; `None` if it is too short or too long.
    pub fn of_days(days: u16) -> Option<Self> {
        (Self::SHORTEST_DAYS..=Self::LONGEST_DAYS).contains(&days).then_some(Self { days })
    }

    /// Returns the end of the retention for data that dates from `from`.
    pub fn end(self, from: Timestamp) -> Timestamp {
        from + Span::days(u32::from(self.days))
    }
}

#[cfg(test)]
mod tests {
    use super::Retention;
    use crate::time::{Span, Timestamp};

    #[test]
    fn a_retention_is_of_a_week_to_ten_years() {
        for (days, possible) in [(0, false), (6, false), (7, true), (30, true), (3_650, true), (3_651, false)] {
            assert_eq!(Retention::of_days(days).is_some(), possible, "{days}");
        }
        let start = Timestamp::from_milliseconds(0);
        let longest = Retention::of_days(3_650).unwrap();
        assert_eq!(longest.end(start).since(start), Span::seconds(3_650 * 86_400));
    }
}
