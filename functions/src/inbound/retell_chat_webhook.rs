//! Retell's webhooks about a chat: that it has begun, that it is over, that it was analysed. Each shows the whole chat as it is.
//!
//! Unlike a call, a chat takes no address for its webhooks with it: the agent at Retell has one, which names the organization. The
//! chat itself names its conversation, and that is signed.

use domain::sms::SmsConversation;
use lambda_http::http::StatusCode;
use providers::retell::chat_callback;
use store::ConversationRef;

pub(crate) use super::retell_webhook::MAX_BODY_BYTES;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;
use crate::sms::chat;

/// Applies the webhook.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let Signed { app, request, scope, .. } = signed;
    let taken = Response::empty(StatusCode::OK);
    // The same agent may hold others' chats, and our organizations may share an account.
    let callback = chat_callback(request.body(), app.store.table.now())
        .filter(|callback| callback.attempt.organization == scope.organization);
    let Some(callback) = callback else { return Ok(taken) };
    let reference = ConversationRef::new(callback.attempt.conversation, scope);
    let Some(loaded) = app.store.load::<SmsConversation>(&reference).await? else { return Ok(taken) };
    let reference = reference.with_customer(&loaded.conversation.to);
    chat::take_in(app, &reference, Some(callback.shown)).await?;
    Ok(taken)
}
