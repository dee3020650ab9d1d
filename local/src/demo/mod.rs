//! `cargo run -- demo`: a conversation from its request to its end, shown by its webhooks.

mod call;
mod heard;
mod sms;
#[cfg(test)]
mod tests;
mod timeline;

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use store::clock::Clock;

use crate::Error;
use crate::client::Client;
use crate::receiver::{Receiver, Reply};
use timeline::Timeline;

/// Time limit of a demo. The call takes eight seconds, the SMS conversation twelve.
const PATIENCE: Duration = Duration::from_secs(45);

/// Demo to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// A call, from the request to its analysis
    Call,
    /// A conversation by SMS, from its opening text to the customer's STOP
    Sms,
}

/// Runs a conversation and prints its timeline. Fails if it does not end in time, if a signature does not verify, or if
/// an event is missing.
///
/// # Errors
/// [`Error::Demo`] with one line that gives the reason.
pub async fn run(show: Show, url: &str, api_key: &str, clock: &Clock) -> Result<(), Error> {
    let mut timeline = Timeline::new(anstream::stdout(), clock.clone());
    let client = Client::new(url, api_key);
    let receiver = Receiver::start(Arc::new(|_| Reply::OK)).await;
    let mut receiver = receiver.map_err(|error| failed(format!("cannot listen for webhooks: {error}")))?;
    match show {
        Show::Call => call::run(&mut timeline, &client, &mut receiver, url).await,
        Show::Sms => sms::run(&mut timeline, &client, &mut receiver, url).await,
    }
}

fn failed(reason: impl Into<String>) -> Error {
    Error::Demo(reason.into())
}
