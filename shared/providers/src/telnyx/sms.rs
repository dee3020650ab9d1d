//! Telnyx's SMS adapter.

use domain::provider::Provider;
use domain::sms::{DeliveryReport, Message, Outcome, SmsConversation};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use serde::Serialize;
use store::SendPermit;

use super::Telnyx;
use super::adapter::Account;
use super::answer::{meaning_of_text, message_id};
use crate::account::Unusable;
use crate::callback;
use crate::client::wire;
use crate::json_api::Request;
use crate::outcome::classify;
use crate::sms::SmsProvider;
use crate::voice::{ProviderError, SearchResult};

/// Body of `POST /v2/messages` (telnyx-node b9b12ca, `MessageSendParams`).
#[derive(Serialize)]
struct SendMessage<'a> {
    from: &'a str,
    to: &'a str,
    text: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    webhook_url: &'a str,
    /// `false`: the webhook of the messaging profile is for customers' messages.
    use_profile_webhooks: bool,
}

impl Telnyx {
    async fn take(&self, permit: &SendPermit) -> Result<Outcome, Unusable> {
        let (conversation, message) = (permit.conversation(), &permit.stored().message);
        let account: Account = self.api.accounts().of(&conversation.scope.organization).await?;
        let public_url = self.api.accounts().public_url().await?;
        let webhook_url = callback::of_text(&public_url, conversation, message.number);
        let body = SendMessage {
            from: conversation.from.as_str(),
            to: conversation.to.as_str(),
            text: &message.content,
            kind: "SMS",
            webhook_url: &webhook_url,
            use_profile_webhooks: false,
        };
        let request = Request::post(&["messages"]).with_body(&body);
        let replied = self.api.ask_to_make(&conversation.scope.organization, &account, request).await;
        Ok(classify(wire(replied, message_id, meaning_of_text)))
    }
}

impl SmsProvider for Telnyx {
    fn prepare<'a>(&'a self, conversation: &'a SmsConversation) -> BoxFuture<'a, ()> {
        self.api.accounts().prepare(&conversation.scope.organization, Provider::Telnyx).boxed()
    }

    fn send(&self, permit: SendPermit) -> BoxFuture<'_, Outcome> {
        async move { self.take(&permit).await.unwrap_or_else(Unusable::outcome) }.boxed()
    }

    /// Returns no result. Telnyx shows a message only by its id and has no list. If the answer was lost, only the events tell
    /// of the message.
    fn search<'a>(
        &'a self,
        _conversation: &'a SmsConversation,
        _message: &'a Message,
    ) -> BoxFuture<'a, Result<SearchResult<DeliveryReport>, ProviderError>> {
        ready(Ok(SearchResult::NotFound)).boxed()
    }
}
