//! The pair of numbers that an SMS conversation is held between: a scope has at most one open conversation of a pair.

use crate::digest::{digest_of, hex};
use crate::ids::Scope;
use crate::phone::PhoneNumber;

/// The digest by which the open conversation between two numbers of a scope is found.
pub fn pair_digest(scope: &Scope, ours: &PhoneNumber, customer: &PhoneNumber) -> String {
    hex(&digest_of(&["pair", &scope.to_string(), ours.as_str(), customer.as_str()]))
}
