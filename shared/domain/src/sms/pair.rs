//! Pair of phone numbers of an SMS conversation. A scope has at most one open conversation for each pair.

use crate::digest::{digest_of, hex};
use crate::ids::Scope;
use crate::phone::PhoneNumber;

/// Returns the digest by which the open conversation of a pair is found.
pub fn pair_digest(scope: &Scope, ours: &PhoneNumber, customer: &PhoneNumber) -> String {
    hex(&digest_of(&["pair", &scope.to_string(), ours.as_str(), customer.as_str()]))
}
