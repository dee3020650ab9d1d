//! What every SMS provider can be asked.

use domain::phone::PhoneNumber;
use domain::sms::{DeliveryReport, Inbound, Message, Outcome, SmsConversation};
use futures::future::BoxFuture;
use store::SendPermit;

use crate::voice::{ProviderError, Sought};

/// A customer's text, as a provider hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedText {
    /// Who sent it.
    pub from: PhoneNumber,
    /// The number it was sent to.
    pub to: PhoneNumber,
    /// The text.
    pub inbound: Inbound,
}

/// What stands for a message that has no words, by the media types of what it has; nothing, where it has nothing.
pub(crate) fn without_words(kinds: &[&str]) -> String {
    if kinds.is_empty() { String::new() } else { format!("[media: {}]", kinds.join(", ")) }
}

/// A telephony provider, for SMS.
pub trait SmsProvider: Send + Sync {
    /// Asks for one text to be sent. Asking uses the permit up, and nothing here asks twice: a fresh connection, no
    /// retries.
    fn send(&self, permit: SendPermit) -> BoxFuture<'_, Outcome>;

    /// Searches for the text of an attempt whose outcome is unknown.
    ///
    /// # Errors
    /// [`ProviderError`] where the provider did not answer: that is not the same as "not found".
    fn search<'a>(
        &'a self,
        conversation: &'a SmsConversation,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Sought<DeliveryReport>, ProviderError>>;
}
