//! Suppression: the do-not-call list of an organization, in each mode.

use serde::{Deserialize, Serialize};

use crate::digest::{digest_of, hex};
use crate::ids::Scope;
use crate::phone::PhoneNumber;
use crate::planted::{Bug, is_planted};
use crate::sms::Keyword;
use crate::time::Timestamp;

/// Source of a do-not-call entry that a keyword of the customer created. Another keyword removes such an entry.
pub const BY_KEYWORD: &str = "keyword";

/// Source of a do-not-call entry that a carrier reported.
pub const BY_CARRIER: &str = "carrier";

/// Change of the do-not-call list that a keyword of the customer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeywordEffect {
    /// Customer is added to the list.
    OptOut {
        /// Keyword, for the record.
        word: &'static str,
    },
    /// Entry of the customer is removed.
    OptIn {
        /// Keyword, for the record.
        word: &'static str,
    },
}

impl KeywordEffect {
    /// Returns `true` if the customer does not want to be contacted any more.
    pub(crate) fn is_opt_out(self) -> bool {
        matches!(self, Self::OptOut { .. })
    }
}

/// Returns the change that the keyword of a message asks for, if any. `listed_by` is the source of the customer's entry on
/// the list.
///
/// A STOP always counts. A START counts only if it removes an entry: see [`lifts`].
pub(crate) fn keyword_effect(
    keyword: Option<(Keyword, &'static str)>,
    listed_by: Option<&str>,
) -> Option<KeywordEffect> {
    match keyword? {
        (Keyword::Stop, word) if !is_planted(Bug::StopIsAnOrdinaryText) => Some(KeywordEffect::OptOut { word }),
        (Keyword::Start, word) if lifts(word, listed_by) => Some(KeywordEffect::OptIn { word }),
        (Keyword::Stop | Keyword::Start | Keyword::Help, _) => None,
    }
}

/// Returns `true` if a word for START removes an entry of this source. A customer who opted out at the carrier opts in at
/// the carrier, by the same word. Only some settings of a carrier make it report that.
fn lifts(word: &str, listed_by: Option<&str>) -> bool {
    match listed_by {
        Some(BY_KEYWORD) => true,
        // An entry of the carrier needs a word that has no other meaning.
        Some(BY_CARRIER) => !Keyword::is_ambiguous(word),
        Some(_) | None => false,
    }
}

/// Suppression entry: a number that must not be contacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// Phone number; `None` after an erasure. The entry is found by the number's digest, so that the number can be erased.
    pub phone_number: Option<PhoneNumber>,
    /// Source of the entry: `manual`, `analysis`, a keyword, a carrier.
    pub source: String,
    /// Time since which the entry is valid.
    pub created_at: Timestamp,
}

impl Suppression {
    /// Returns `true` if this entry replaces `known`. A source ranks higher if fewer keywords remove its entries. An entry
    /// by keyword ranks lowest, then one by the carrier, and then all others, which no keyword removes. A weaker entry
    /// never replaces a stronger one. The earlier time stays in any case: see [`Self::over`].
    pub fn outranks(&self, known: &Self) -> bool {
        rank(&self.source) > rank(&known.source)
    }

    /// Returns the entry that replaces `known`, with the earlier time of the two.
    pub fn over(self, known: &Self) -> Self {
        let created_at = known.created_at.min(self.created_at);
        Self { created_at, phone_number: self.phone_number.or_else(|| known.phone_number.clone()), ..self }
    }

    /// Returns `true` if no keyword removes an entry of this source. Only an actor that may change the list can remove it.
    pub fn holds_for_good(source: &str) -> bool {
        rank(source) == FOR_GOOD
    }
}

/// Rank of every source that is not a customer's word: `manual`, `import`, `analysis`, or any name that an operator
/// chooses.
const FOR_GOOD: u8 = 2;

fn rank(source: &str) -> u8 {
    match source {
        BY_KEYWORD => 0,
        BY_CARRIER => 1,
        _ => FOR_GOOD,
    }
}

/// Returns the digest by which a number's entry in a scope is found. The scope is part of it, so that entries of two
/// organizations cannot be matched to each other.
pub fn suppression_digest(scope: &Scope, number: &PhoneNumber) -> String {
    hex(&digest_of(&["suppression", &scope.to_string(), number.as_str()]))
}
