//! What every SMS provider can be asked.

use domain::phone::PhoneNumber;
use domain::sms::{DeliveryReport, Inbound, Message, Outcome, SmsConversation};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use store::SendPermit;

use crate::retell::Retell;
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

/// How a provider carries conversations by SMS.
#[derive(Clone, Copy)]
pub enum Texting<'a> {
    /// Text by text: what is said in them is ours.
    Texts(&'a dyn SmsProvider),
    /// As chats that an agent of its own holds.
    Chats(&'a Retell),
    /// Not at all. No agent can be made so; what says so all the same is refused.
    NotOffered,
}

/// A telephony provider, for SMS text by text.
pub trait SmsProvider: Send + Sync {
    /// Reads what sending a text of this conversation needs, so that it need not be waited for between a claim and the
    /// request. Whatever is wrong, sending says.
    fn prepare<'a>(&'a self, _conversation: &'a SmsConversation) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }

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
