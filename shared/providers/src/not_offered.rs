//! Stands where a provider carries no texts. No agent can be made so; what says so all the same is refused.

use domain::end_reason::EndReason;
use domain::sms::{self, DeliveryReport, Message, SmsConversation};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use store::SendPermit;

use crate::sms::SmsProvider;
use crate::voice::{ProviderError, Sought};

/// A provider that carries no texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotOffered;

impl SmsProvider for NotOffered {
    fn send(&self, _permit: SendPermit) -> BoxFuture<'_, sms::Outcome> {
        let reason = EndReason::PROVIDER_UNAVAILABLE;
        ready(sms::Outcome::Refused { reason, why: "the provider carries no texts".to_owned() }).boxed()
    }

    fn search<'a>(
        &'a self,
        _conversation: &'a SmsConversation,
        _message: &'a Message,
    ) -> BoxFuture<'a, Result<Sought<DeliveryReport>, ProviderError>> {
        ready(Ok(Sought::Nothing)).boxed()
    }
}
