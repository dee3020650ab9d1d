//! Chats: SMS conversations that a provider's own agent holds. They are read and ended here.

use domain::ids::ProviderMessageId;
use domain::sms::{ChatShown, Input, SmsConversation};
use providers::Texting;
use providers::retell::Retell;
use store::{ConversationRef, Loaded, StoreError};

use crate::app::App;
use crate::asking::within;

/// Number of the opening message.
const OPENING: u32 = 1;

/// Reads a chat at its provider, and applies the result.
pub(crate) async fn read(
    app: &App,
    reference: &ConversationRef,
    loaded: Loaded<SmsConversation>,
) -> Result<(), StoreError> {
    let Some((provider, conversation, chat)) = held(app, &loaded) else { return Ok(()) };
    let shown = within(provider.read_chat(conversation, chat)).await;
    let shown = shown.unwrap_or_else(|error| {
        tracing::warn!(conversation = %conversation.id, error = &error as &dyn std::error::Error, "chat not read");
        None
    });
    take_in(app, &reference.with_customer(&conversation.to), shown).await
}

/// Applies the provider's view of a chat, or the fact that it shows none. One change has room for a few messages only, so the
/// view is applied until no message is left.
pub(crate) async fn take_in(
    app: &App,
    reference: &ConversationRef,
    shown: Option<ChatShown>,
) -> Result<(), StoreError> {
    let reference = reference.with_message(OPENING);
    // One round more than there are messages: the first round may only find that the chat has begun.
    let rounds = 1 + shown.as_ref().map_or(0, |shown| shown.texts.len());
    for _ in 0..rounds {
        let read = |loaded: &Loaded<SmsConversation>| {
            let read = |opening| Input::ChatRead {
                opening,
                shown: shown.clone(),
                suppressed_by: loaded.suppressed_by().map(str::to_owned),
                objections: loaded.objections(),
            };
            Ok(Some(loaded.message(OPENING)?.map_or(Input::Tick, read)))
        };
        let Some(applied) = app.store.try_apply(&reference, None, read).await? else { return Ok(()) };
        let read = |conversation: &SmsConversation| conversation.chat.as_ref().map(|chat| chat.read);
        let now = applied.conversation();
        if shown.is_none() || now.is_ended() || read(now) == read(&applied.previous) {
            break;
        }
    }
    Ok(())
}

/// Asks the provider to end the chat, and applies the result.
pub(crate) async fn end(
    app: &App,
    reference: &ConversationRef,
    loaded: Loaded<SmsConversation>,
) -> Result<(), StoreError> {
    let Some((provider, conversation, chat)) = held(app, &loaded) else { return Ok(()) };
    let confirmed = within(provider.end_chat(conversation, chat)).await;
    let confirmed = confirmed.unwrap_or_else(|error| {
        tracing::warn!(conversation = %conversation.id, error = &error as &dyn std::error::Error, "chat not ended");
        false
    });
    app.store.apply(reference, None, |_: &Loaded<SmsConversation>| Input::ChatEnded { confirmed }).await.map(drop)
}

/// Returns a conversation's chat, with the provider whose agent holds it. `None` if the conversation is not a chat.
fn held<'a>(
    app: &'a App,
    loaded: &'a Loaded<SmsConversation>,
) -> Option<(&'a Retell, &'a SmsConversation, &'a ProviderMessageId)> {
    let conversation = &loaded.conversation;
    match app.providers.sms(conversation.provider) {
        Texting::Chats(provider) => Some((provider, conversation, &conversation.chat.as_ref()?.id)),
        Texting::Texts(_) | Texting::NotOffered => None,
    }
}
