//! `cargo run -- demo`: one call, from the request to its analysis, as its webhooks tell it.

use crate::seed::Seeded;
use crate::{Error, Stack};

/// Places a call and prints its timeline; fails where the call is not analysed in time.
///
/// # Errors
/// [`Error`], as long as there is nothing to demonstrate.
#[expect(clippy::unused_async, reason = "it will wait for webhooks")]
pub async fn run(_stack: &Stack, _seeded: &Seeded) -> Result<(), Error> {
    Err(Error::Wiring("there is nothing to demonstrate yet".to_owned()))
}
