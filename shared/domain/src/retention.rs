//! How long what a conversation brought is kept. Afterwards only its head is left: that it was, when, how it ended, and that
//! its request is not to be carried out again.
//!
//! Texts, log entries and transcripts are items of their own, which expire so long after they were written. What stands
//! with the conversation itself, its agent's task among it, is needed for as long as it goes on: that is taken from it so
//! long after its end, as the last thing it is owed.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// How long a conversation's head outlives its content, and with it the idempotency key it was accepted under.
pub const HEAD_KEPT: Span = Span::days(30);

/// For how long an agent's conversations are kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Retention {
    days: u16,
}

/// A number of days that no retention has.
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
    /// The shortest, in days: an event may be on its way to a webhook endpoint for almost that long.
    pub const SHORTEST_DAYS: u16 = 7;
    /// The longest, in days: ten years.
    pub const LONGEST_DAYS: u16 = 3_650;

    /// A retention of that many days; `None` where that is too short or too long.
    pub fn of_days(days: u16) -> Option<Self> {
        (Self::SHORTEST_DAYS..=Self::LONGEST_DAYS).contains(&days).then_some(Self { days })
    }

    /// When what was written then is over.
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
