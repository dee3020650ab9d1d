//! Wallets: the money that the calls of a metered organization may cost. Amounts are whole minor units of a currency, such
//! as cents.
//!
//! A call is accepted only if the balance covers its maximum duration. That price is held until nothing of the call can be
//! live any more. Then the hold is returned and the call's price is charged. So a balance is never negative, and the sum of
//! a wallet's entries is always its balance.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::limits::Limits;
use crate::time::Timestamp;

/// Maximum number of calls of one wallet that are accepted within one second.
pub const ACCEPTED_PER_SECOND: u32 = 20;

/// Price of calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// Price of each minute or part of one, in minor units.
    pub per_minute_minor: u32,
    /// Currency code by ISO 4217, such as `USD`.
    pub currency: String,
}

/// Authorization hold of a wallet for a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Amount of the hold, in minor units.
    pub amount_minor: i64,
    /// Rate of the hold, which also determines the charge.
    pub rate: Rate,
    /// `true` if the hold was returned.
    pub settled: bool,
}

/// Settlement of a hold, with the amount that is returned and the amount that is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Amount of the hold in minor units, which is returned as a whole.
    pub released_minor: i64,
    /// Price of the call, in minor units.
    pub charged_minor: i64,
}

impl Hold {
    /// Returns the hold that a call with these limits requires: the price of its maximum duration.
    pub fn required(rate: &Rate, limits: &Limits) -> Self {
        Self { amount_minor: price(rate, limits.max_duration_seconds), rate: rate.clone(), settled: false }
    }

    /// Returns the settlement of the hold for a call of this duration. The charge never exceeds the hold, so that the
    /// client does not pay for a provider that exceeds the limit.
    pub fn settlement(&self, seconds: u32) -> Settlement {
        let charged_minor = price(&self.rate, seconds).min(self.amount_minor);
        Settlement { released_minor: self.amount_minor, charged_minor }
    }
}

/// Returns the price of a number of seconds. Each minute or part of one counts as a minute.
fn price(rate: &Rate, seconds: u32) -> i64 {
    i64::from(rate.per_minute_minor).saturating_mul(i64::from(seconds.div_ceil(60)))
}

/// Kind of a wallet entry: `credit` for money paid in, `hold` for the reservation of an accepted call, `release` for a
/// returned hold, `charge` for the price of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// Money that was paid in.
    Credit,
    /// Hold for an accepted call.
    Hold,
    /// Hold that was returned.
    Release,
    /// Price of a call.
    Charge,
}

impl EntryKind {
    /// Returns the kind as it is written in the API, such as `credit`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Entry in a wallet's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WalletEntry {
    /// Kind of the entry.
    pub kind: EntryKind,
    /// Amount in minor units. It is positive if the balance grows.
    pub amount_minor: i64,
    /// Id of the conversation that the entry belongs to, or the operator's own reference.
    pub reference: String,
    /// Time of the entry.
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
