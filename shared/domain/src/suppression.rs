//! Suppression: the do-not-call list of an organization, in each mode.

use serde::{Deserialize, Serialize};

use crate::digest::{digest_of, hex};
use crate::ids::Scope;
use crate::phone::PhoneNumber;
use crate::planted::{Bug, is_planted};
use crate::sms::Keyword;
use crate::time::Timestamp;

/// The source of a do-not-call entry that a customer's own keyword made: what another keyword lifts.
pub const BY_KEYWORD: &str = "keyword";

/// The source of a do-not-call entry that a carrier told us of.
pub const BY_CARRIER: &str = "carrier";

/// A change of the do-not-call list that a customer's keyword asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeywordEffect {
    /// The customer goes onto the list.
    OptOut {
        /// The keyword, for the record.
        word: &'static str,
    },
    /// The customer's entry is lifted.
    OptIn {
        /// The keyword, for the record.
        word: &'static str,
    },
}

impl KeywordEffect {
    /// Returns `true` if the customer wants to be contacted no more.
    pub(crate) fn is_opt_out(self) -> bool {
        matches!(self, Self::OptOut { .. })
    }
}

/// Returns the change that a text's keyword asks for, if any. `listed_by` is the source of the customer's entry on the list.
///
/// A STOP always counts. A START counts only if it lifts an entry: see [`lifts`].
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

/// Returns `true` if a word for START lifts an entry of this source. A customer who opted out at the carrier opts in at the
/// carrier, by the same word: whether the carrier tells us of it depends on its settings.
fn lifts(word: &str, listed_by: Option<&str>) -> bool {
    match listed_by {
        Some(BY_KEYWORD) => true,
        // An entry of the carrier's needs a word that means nothing else.
        Some(BY_CARRIER) => !Keyword::is_ambiguous(word),
        Some(_) | None => false,
    }
}

/// Why a number is not contacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// The number; the entry is found by its digest, so that this can be erased.
    pub phone_number: Option<PhoneNumber>,
    /// Where the entry came from: `manual`, `analysis`, a keyword, a carrier.
    pub source: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl Suppression {
    /// Whether this entry says more than one that is there: that one is then replaced, but for the time since when it holds. What
    /// a customer's own word made, another word of theirs lifts; what anybody else put there, no word does. A weaker entry never
    /// takes a stronger one's place.
    pub fn outranks(&self, known: &Self) -> bool {
        rank(&self.source) > rank(&known.source)
    }

    /// The entry that stands where this one is added to one that is there already.
    pub fn over(self, known: &Self) -> Self {
        let created_at = known.created_at.min(self.created_at);
        Self { created_at, phone_number: self.phone_number.or_else(|| known.phone_number.clone()), ..self }
    }

    /// Whether only somebody who may change the list lifts an entry of this source.
    pub fn holds_for_good(source: &str) -> bool {
        rank(source) == FOR_GOOD
    }
}

/// The rank of every source that is no word of the customer's: `manual`, `import`, `analysis`, whatever an operator calls it.
const FOR_GOOD: u8 = 2;

fn rank(source: &str) -> u8 {
    match source {
        BY_KEYWORD => 0,
        BY_CARRIER => 1,
        _ => FOR_GOOD,
    }
}

/// The digest by which a scope's suppression of a number is found. Salted with the scope, so that two organizations'
/// entries cannot be matched to each other.
pub fn suppression_digest(scope: &Scope, number: &PhoneNumber) -> String {
    hex(&digest_of(&["suppression", &scope.to_string(), number.as_str()]))
}
