//! Stands where a provider does not carry a channel. No agent can be made so; what says so all the same is refused.

use domain::call::{Call, Outcome, Report};
use domain::end_reason::EndReason;
use domain::ids::ProviderCallId;
use domain::organization::Content;
use domain::sms::{self, DeliveryReport, Message, SmsConversation};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use store::{DialPermit, SendPermit};

use crate::sms::SmsProvider;
use crate::voice::{Found, ProviderError, Recording, Sought, VoiceProvider};

/// Why nothing is asked for.
const WHY: &str = "the provider does not carry this channel";

/// The provider that does not carry a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotOffered;

fn refused<Id>() -> domain::dispatch::Outcome<Id> {
    domain::dispatch::Outcome::Refused { reason: EndReason::PROVIDER_UNAVAILABLE, why: WHY.to_owned() }
}

impl VoiceProvider for NotOffered {
    fn create<'a>(&'a self, _permit: DialPermit, _content: &'a Content) -> BoxFuture<'a, Outcome> {
        ready(refused()).boxed()
    }

    fn search<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Result<Sought<Found>, ProviderError>> {
        ready(Ok(Sought::Nothing)).boxed()
    }

    fn poll<'a>(
        &'a self,
        _call: &'a Call,
        _call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<Option<Vec<Report>>, ProviderError>> {
        ready(Ok(None)).boxed()
    }

    fn hang_up<'a>(
        &'a self,
        _call: &'a Call,
        _call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<bool, ProviderError>> {
        ready(Err(ProviderError::new(WHY))).boxed()
    }

    fn recording<'a>(
        &'a self,
        _call: &'a Call,
        _reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>> {
        ready(Ok(None)).boxed()
    }
}

impl SmsProvider for NotOffered {
    fn send(&self, _permit: SendPermit) -> BoxFuture<'_, sms::Outcome> {
        ready(refused()).boxed()
    }

    fn search<'a>(
        &'a self,
        _conversation: &'a SmsConversation,
        _message: &'a Message,
    ) -> BoxFuture<'a, Result<Sought<DeliveryReport>, ProviderError>> {
        ready(Ok(Sought::Nothing)).boxed()
    }
}
