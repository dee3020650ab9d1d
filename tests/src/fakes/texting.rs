//! What a fake tells of texts: only when a test says so.

use super::server::Reaction;
use super::vendor::{Made, Told, Vendor};

/// How far a text got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Queued,
    Sent,
    Delivered,
    Undelivered,
    /// It was not delivered, because the customer opted out.
    OptedOut,
    /// A state that nobody has heard of.
    New,
}

/// A vendor that carries texts.
pub(crate) trait Texting: Vendor {
    /// Whether it has a list that shows what was sent.
    const LISTS_TEXTS: bool;

    /// What a text says.
    fn content(text: &Made) -> &str;

    /// What is told of a text's delivery.
    fn delivery(text: &Made, state: Delivery) -> Told;

    /// What is told of a customer's text: with this id and these words, or a picture without any; and what the vendor itself
    /// answered to it.
    fn inbound(url: &str, id: &str, words: &str, answered: Option<&str>) -> Told;

    /// How a text is refused to somebody who opted out.
    fn opted_out() -> Reaction;

    /// What is answered to a text, besides what means the same at every provider: status, body, and why the conversation ends.
    fn codes() -> Vec<(u16, String, &'static str)>;
}
