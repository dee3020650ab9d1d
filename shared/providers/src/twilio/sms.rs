//! Twilio's SMS adapter.

use domain::ids::ProviderMessageId;
use domain::provider::Provider;
use domain::sms::{DeliveryReport, Message, Outcome, SendState, SmsConversation};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use store::SendPermit;

use super::errors::meaning;
use super::form::Form;
use super::report::MessageResource;
use super::{PAGE, RETRIES, Twilio, is_sid, made_in_time};
use crate::account::Unusable;
use crate::callback;
use crate::client::{Reply, wire};
use crate::outcome::classify;
use crate::sms::SmsProvider;
use crate::voice::{Candidate, ProviderError, SearchResult};

/// Page of the list of messages.
#[derive(Deserialize)]
struct Messages {
    messages: Vec<MessageResource>,
}

fn message_id(reply: &Reply) -> Option<ProviderMessageId> {
    let message: MessageResource = reply.json()?;
    is_sid(&message.sid, &["SM", "MM"]).then(|| ProviderMessageId::new(message.sid))
}

impl Twilio {
    async fn take(&self, permit: &SendPermit) -> Result<Outcome, Unusable> {
        let (conversation, message) = (permit.conversation(), &permit.stored().message);
        let account = self.account(&conversation.scope.organization).await?;
        let public_url = self.accounts.public_url().await?;
        let status = format!("{}{RETRIES}", callback::of_text(&public_url, conversation, message.number));
        let form = Form::of([
            ("To", conversation.to.as_str()),
            ("From", conversation.from.as_str()),
            ("Body", message.content.as_str()),
            ("StatusCallback", status.as_str()),
        ]);
        let replied = self.ask_to_make(&conversation.scope.organization, &account, "Messages.json", form).await;
        Ok(classify(wire(replied, message_id, meaning)))
    }

    async fn find_text(
        &self,
        conversation: &SmsConversation,
        message: &Message,
    ) -> Result<SearchResult<DeliveryReport>, ProviderError> {
        let Some(SendState::Unknown(unknown)) = conversation.send(message.number).map(|send| &send.state) else {
            return Ok(SearchResult::NotFound);
        };
        let account = self.account(&conversation.scope.organization).await?;
        let query =
            Form::of([("To", conversation.to.as_str()), ("From", conversation.from.as_str()), ("PageSize", PAGE)]);
        let page: Option<Messages> = self.look(&account, "Messages.json", Some(query)).await?;
        let is_alike = |found: &MessageResource| {
            found.to.as_deref() == Some(conversation.to.as_str())
                && found.from.as_deref() == Some(conversation.from.as_str())
                && found.direction.as_deref() == Some("outbound-api")
                && found.body.as_deref().map(str::trim) == Some(message.content.trim())
                && is_sid(&found.sid, &["SM", "MM"])
        };
        let messages = page.map(|page| page.messages).unwrap_or_default();
        let alike = messages.iter().filter(|found| is_alike(found)).filter_map(|found| {
            let made_at = made_in_time(found.date_created.as_deref(), unknown.since)?;
            Some(Candidate { found: found.report(), made_at, over: true })
        });
        Ok(SearchResult::Candidates(alike.collect()))
    }
}

impl SmsProvider for Twilio {
    fn prepare<'a>(&'a self, conversation: &'a SmsConversation) -> BoxFuture<'a, ()> {
        self.accounts.prepare(&conversation.scope.organization, Provider::Twilio).boxed()
    }

    fn send(&self, permit: SendPermit) -> BoxFuture<'_, Outcome> {
        async move { self.take(&permit).await.unwrap_or_else(Unusable::outcome) }.boxed()
    }

    fn search<'a>(
        &'a self,
        conversation: &'a SmsConversation,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<SearchResult<DeliveryReport>, ProviderError>> {
        self.find_text(conversation, message).boxed()
    }
}
