//! What every SMS provider can be asked.

use domain::sms::{DeliveryReport, Message, Outcome, SmsConversation};
use futures::future::BoxFuture;
use store::SendPermit;

use crate::voice::{ProviderError, Sought};

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
