//! Interface of every SMS provider.

use domain::phone::PhoneNumber;
use domain::sms::{DeliveryReport, Inbound, Message, Outcome, SmsConversation};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use store::SendPermit;

use crate::retell::Retell;
use crate::voice::{ProviderError, SearchResult};

/// SMS message from a customer, as the provider delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedText {
    /// Number of the customer.
    pub from: PhoneNumber,
    /// Number that the message was sent to.
    pub to: PhoneNumber,
    /// Message with the provider's id for it.
    pub inbound: Inbound,
}

/// Returns the stand-in text for a message without words: the media types of its attachments. Without attachments it is empty.
pub(crate) fn without_words(kinds: &[&str]) -> String {
    if kinds.is_empty() { String::new() } else { format!("[media: {}]", kinds.join(", ")) }
}

/// SMS capability of a provider.
#[derive(Clone, Copy)]
pub enum Texting<'a> {
    /// Message by message: Ringdown writes the messages.
    Texts(&'a dyn SmsProvider),
    /// Chats that the provider's own agent conducts.
    Chats(&'a Retell),
    /// No SMS at this provider. No agent can be created with it, and a conversation that names it anyway is refused.
    NotOffered,
}

/// Telephony provider, for SMS sent message by message.
pub trait SmsProvider: Send + Sync {
    /// Reads everything that sending needs into the cache, so that nothing is waited for between the claim and the request.
    /// Errors are not reported here: [`SmsProvider::send`] reports them.
    fn prepare<'a>(&'a self, _conversation: &'a SmsConversation) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }

    /// Sends one SMS message. The permit is consumed. The request goes over a fresh connection and is not retried. The only
    /// exception is one more request after the provider has refused rotated credentials.
    fn send(&self, permit: SendPermit) -> BoxFuture<'_, Outcome>;

    /// Searches for the SMS message of an attempt whose outcome is unknown.
    ///
    /// # Errors
    /// [`ProviderError`] if the provider did not answer. That is not the same as "not found".
    fn search<'a>(
        &'a self,
        conversation: &'a SmsConversation,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<SearchResult<DeliveryReport>, ProviderError>>;
}
