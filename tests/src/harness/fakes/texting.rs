//! SMS callbacks of the fakes. They are only sent when a test says so.

use super::server::Reaction;
use super::vendor::{CreateOutcome, Told, Vendor};

/// Delivery state of an SMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Queued,
    Sent,
    Delivered,
    Undelivered,
    /// The message was not delivered because the customer opted out.
    OptedOut,
    /// State that no adapter knows.
    New,
}

/// Vendor that carries SMS messages.
pub(crate) trait Texting: Vendor {
    /// `true` if the vendor has a list that shows sent messages.
    const LISTS_TEXTS: bool;

    /// Returns the body of a message.
    fn content(text: &CreateOutcome) -> &str;

    /// Returns the callback about the delivery of a message.
    fn delivery(text: &CreateOutcome, state: Delivery) -> Told;

    /// Returns the callback about a customer's message with this id and body. An empty body stands for a picture.
    /// `answered` is the reply that the vendor itself has given.
    fn inbound(url: &str, id: &str, words: &str, answered: Option<&str>) -> Told;

    /// Returns the refusal of a message to a customer who opted out.
    fn opted_out() -> Reaction;

    /// Returns the vendor's own error answers to a message: status, body, and the end reason that the conversation
    /// gets. Errors that are the same at every provider are not among them.
    fn codes() -> Vec<(u16, String, &'static str)>;
}
