//! Webhooks of Retell about a chat: it has begun, it is over, or it was analysed. Each one shows the whole chat in its current
//! state.
//!
//! Unlike a call, a chat cannot bring an address for its webhooks. The agent at Retell has one address, which names the
//! organization. The chat's metadata, which is signed, names the conversation.

use domain::provider::Provider;
use domain::sms::SmsConversation;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::retell::chat_callback;
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

/// Applies the webhook.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let Signed { app, request, scope, .. } = signed;
    let taken = Response::empty(StatusCode::OK);
    // The same agent may hold others' chats, and our organizations may share an account.
    let callback =
        chat_callback(request.body(), app.now()).filter(|callback| callback.attempt.organization == scope.organization);
    let Some(callback) = callback else { return Ok(taken) };
    let reference = ConversationRef::new(callback.attempt.conversation, scope);
    let Some(loaded) = app.store.load::<SmsConversation>(&reference).await? else { return Ok(taken) };
    let reference = reference.with_customer(&loaded.conversation.to);
    chat::take_in(app, &reference, Some(callback.shown)).await?;
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
