//! Performs the next action of an SMS conversation: runs the agent's turn, sends a message, searches for one, reads or ends the
//! chat that a provider's agent holds, or applies the passing of time.
//!
//! The message says "look at this conversation" and nothing else. The action follows from the conversation itself, so that a
//! duplicate, late or reordered message does no harm.

use domain::holder::{HeldBy, Holder};
use domain::schedule::next_action;
use domain::sms::{DeliveryReport, Duty, Input, SendState, SmsConversation};
use futures::FutureExt;
use providers::{SearchResult, Texting};
use serde_json::Value;
use store::{ConversationJob, ConversationRef, Loaded, QueueName, StoreError, keys};

use super::batch::{self, Next};
use crate::adoption::{self, Attempted, Found};
use crate::app::App;
use crate::asking::within;
use crate::error::Error;
use crate::route::{Function, Trigger};
use crate::sms::sending::{prepare, send};
use crate::sms::{chat, turn};
use crate::turnstile::Turnstile;

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "run-sms-turn",
    trigger: Trigger::Queue { queue: QueueName::Turns, handle: |app, event| handle(app, event).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Consumes a batch of conversations.
///
/// # Errors
/// [`Error::Event`] if the event is not a batch.
async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    let turnstile = &Turnstile::default();
    batch::consume(&app.store.queues, QueueName::Turns, event, |job: ConversationJob| async move {
        Box::pin(advance(app, turnstile, job)).await.map(|()| Next::Done)
    })
    .await
}

async fn advance(app: &App, turnstile: &Turnstile, job: ConversationJob) -> Result<(), StoreError> {
    let reference = ConversationRef::from(job);
    let Some(loaded) = app.store.load::<SmsConversation>(&reference).await? else { return Ok(()) };
    match next_action(&loaded.conversation, app.now()) {
        None => Ok(()),
        Some(Duty::PassTime) => app.store.apply(&reference, Some(loaded), |_| Input::Tick).await.map(drop),
        Some(Duty::Turn) => Box::pin(turn::take(app, turnstile, &reference, loaded)).await,
        Some(Duty::Send(number)) => Box::pin(send_waiting(app, turnstile, &reference, loaded, number)).await,
        Some(Duty::Search(number)) => search(app, &reference, number).await,
        Some(Duty::ReadChat) => chat::read(app, &reference, loaded).await,
        Some(Duty::EndChat) => chat::end(app, &reference, loaded).await,
    }
}

/// Claims an SMS message that is waiting to be sent, and sends it.
async fn send_waiting(
    app: &App,
    turnstile: &Turnstile,
    reference: &ConversationRef,
    loaded: Loaded<SmsConversation>,
    number: u32,
) -> Result<(), StoreError> {
    let with_text = reference.with_message(number);
    prepare(app, &loaded.conversation).await;
    let pass = turnstile.pass().await;
    let claim = |loaded: &Loaded<SmsConversation>| {
        let claim = |stored| Input::ClaimSend { stored, objections: loaded.objections() };
        Ok(Some(loaded.message(number)?.map_or(Input::Tick, claim)))
    };
    let Some(mut applied) = app.store.try_apply(&with_text, None, claim).await? else { return Ok(()) };
    let known = applied.loaded.message(number)?;
    let Some(permit) = applied.take_permit(known) else { return Ok(()) };
    Box::pin(send(app, reference, permit, Some(pass))).await.map(drop)
}

async fn search(app: &App, reference: &ConversationRef, number: u32) -> Result<(), StoreError> {
    let with_text = reference.with_message(number);
    let Some(loaded) = app.store.load::<SmsConversation>(&with_text).await? else { return Ok(()) };
    let Some(attempt) = loaded.conversation.send(number).map(|send| send.attempt) else { return Ok(()) };
    let provider = loaded.conversation.provider;
    let me = Holder { conversation: loaded.conversation.id, scope: reference.scope.clone(), message: Some(number) };
    let (found, by) = match find(app, &loaded, &me, number).await? {
        Found::Nothing => (None, HeldBy::Name),
        Found::Ours(found) => (Some(found), HeldBy::Name),
        Found::Alike(found) => (Some(found), HeldBy::Likeness),
    };
    let held = found.as_ref().map(|found| keys::held(provider, found.provider_message_id.as_str()));
    let with_both = ConversationRef { also: with_text.also.iter().cloned().chain(held).collect(), ..with_text };
    let searched = |loaded: &Loaded<SmsConversation>| {
        let Some(stored) = loaded.message(number)? else { return Ok(Some(Input::Tick)) };
        // A conversation that the provider has named in the meantime keeps the message.
        let is_free = |report: &&DeliveryReport| {
            by == HeldBy::Name || !loaded.items.is_held_by_another(provider, report.provider_message_id.as_str(), &me)
        };
        Ok(Some(Input::SendSearched { attempt, stored, found: found.as_ref().filter(is_free).cloned(), by }))
    };
    let seen = (by == HeldBy::Name).then_some(loaded);
    app.store.try_apply(&with_both, seen, searched).await.map(drop)
}

/// Searches the provider for an SMS message. Finds nothing if the provider does not know it or does not answer.
async fn find(
    app: &App,
    loaded: &Loaded<SmsConversation>,
    me: &Holder,
    number: u32,
) -> Result<Found<DeliveryReport>, StoreError> {
    let conversation = &loaded.conversation;
    let Some(stored) = loaded.message(number)? else { return Ok(Found::Nothing) };
    let Some(SendState::Unknown(unknown)) = conversation.send(number).map(|send| &send.state) else {
        return Ok(Found::Nothing);
    };
    let search = async {
        match app.providers.sms(conversation.provider) {
            Texting::Texts(provider) => provider.search(conversation, &stored.message).await,
            Texting::Chats(provider) => provider.search_chat(conversation).await,
            Texting::NotOffered => Ok(SearchResult::NotFound),
        }
    };
    let sought = within(search).await.unwrap_or_else(|error| {
        tracing::warn!(conversation = %conversation.id, error = &error as &dyn std::error::Error, "search failed");
        SearchResult::NotFound
    });
    let attempted = Attempted { me, provider: conversation.provider, since: unknown.since };
    adoption::only_one(&app.store.table, &attempted, sought, |report| report.provider_message_id.as_str()).await
}
