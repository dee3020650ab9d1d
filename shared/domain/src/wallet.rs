//! Wallets: what a metered organization's calls may cost. Money is whole minor units of a currency: cents.
//!
//! A call is accepted only if the wallet covers its longest possible course. That much is held until nothing of the call
//! can be live any more; then it goes back, and the call's price is charged. So a balance is never negative, and the
//! sum of a wallet's entries is its balance at every moment.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::limits::Limits;
use crate::time::Timestamp;

/// How many calls of one wallet are accepted within one second.
pub const ACCEPTED_PER_SECOND: u32 = 20;

/// What a minute costs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// The price of a minute begun, in minor units.
    pub per_minute_minor: u32,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

/// What a wallet holds for a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// How much, in minor units.
    pub amount_minor: i64,
    /// The rate it was taken at, which the call is charged by.
    pub rate: Rate,
    /// Whether it went back.
    pub settled: bool,
}

/// What goes back to the wallet, and what is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The hold, which goes back whole.
    pub released_minor: i64,
    /// The call's price.
    pub charged_minor: i64,
}

impl Hold {
    /// What has to be held for a call of these limits: its longest course.
    pub fn required(rate: &Rate, limits: &Limits) -> Self {
        Self { amount_minor: price(rate, limits.max_duration_seconds), rate: rate.clone(), settled: false }
    }

    /// What becomes of it when the call has lasted so long. A provider that overruns the limit is not the client's loss.
    pub fn settlement(&self, seconds: u32) -> Settlement {
        let charged_minor = price(&self.rate, seconds).min(self.amount_minor);
        Settlement { released_minor: self.amount_minor, charged_minor }
    }
}

/// The price of so many seconds: minutes begun.
fn price(rate: &Rate, seconds: u32) -> i64 {
    i64::from(rate.per_minute_minor).saturating_mul(i64::from(seconds.div_ceil(60)))
}

/// Why an entry stands in a wallet's book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// Money was paid in.
    Credit,
    /// Held for a call that was accepted.
    Hold,
    /// A hold went back.
    Release,
    /// A call's price.
    Charge,
}

impl EntryKind {
    /// The kind as text.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An entry of a wallet's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WalletEntry {
    /// Why.
    pub kind: EntryKind,
    /// How much, in minor units: positive where the balance grows.
    pub amount_minor: i64,
    /// The conversation it belongs to, or the operator's own reference.
    pub reference: String,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::{Hold, Rate, Settlement};
    use crate::limits::Limits;

    fn hold(max_duration_seconds: u32) -> Hold {
        let rate = Rate { per_minute_minor: 15, currency: "USD".to_owned() };
        Hold::required(&rate, &Limits { ring_seconds: 45, max_duration_seconds })
    }

    #[test]
    fn the_longest_course_of_a_call_is_held() {
        assert_eq!(hold(1_800).amount_minor, 450);
        assert_eq!(hold(61).amount_minor, 30);
        assert_eq!(hold(0).amount_minor, 0);
    }

    #[test]
    fn every_minute_begun_is_charged_and_never_more_than_was_held() {
        let charged = |seconds| hold(600).settlement(seconds);
        assert_eq!(charged(0), Settlement { released_minor: 150, charged_minor: 0 });
        assert_eq!(charged(1).charged_minor, 15);
        assert_eq!(charged(60).charged_minor, 15);
        assert_eq!(charged(61).charged_minor, 30);
        assert_eq!(charged(4_000).charged_minor, 150);
    }
}
