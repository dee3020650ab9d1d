//! Webhooks of Retell about a chat: it has begun, it is over, or it was analysed. Each one shows the whole chat in its current
//! state.
//!
//! Unlike a call, a chat cannot bring an address for its webhooks. The agent at Retell has one address, which names the
//! organization. The chat's metadata, which is signed, names the conversation.

use domain::provider::Provider;
use domain::sms::SmsConversation;
use domain::suppression::suppression_digest;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::retell::Webhook;
use store::ConversationRef;

pub(crate) use super::retell_webhook::MAX_BODY_BYTES;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};
use crate::sms::chat;

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "retell-chat-webhook",
    trigger: Trigger::Http(
        Route::signed("/inbound/retell/{organization}/chats", Provider::Retell, |signed| handle(signed).boxed())
            .with_bodies_of(MAX_BODY_BYTES),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let taken = Response::empty(StatusCode::OK);
    let Ok(webhook) = serde_json::from_slice::<Webhook>(signed.request.body()) else {
        tracing::warn!("a webhook of Retell's cannot be read");
        return Ok(taken);
    };
    let Some(shown) = webhook.chat.filter(|chat| !chat.chat_id.is_empty()) else { return Ok(taken) };
    // The agent may hold chats of other customers too, and several of our organizations may share an account.
    let attempt = shown.attempt().filter(|attempt| attempt.organization == signed.scope.organization);
    let Some(attempt) = attempt else { return Ok(taken) };
    let Signed { app, scope, .. } = signed;
    let reference = ConversationRef::new(attempt.conversation, scope);
    let Some(loaded) = app.store.load::<SmsConversation>(&reference).await? else { return Ok(taken) };
    let customer = suppression_digest(&reference.scope, &loaded.conversation.to);
    let reference = ConversationRef { suppression: Some(customer), ..reference };
    chat::take_in(app, &reference, Some(shown.shown(app.store.table.now()))).await?;
    Ok(taken)
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Retell, "Retell tells of a chat that it holds", About::Nothing, TAKEN)
    }
}
