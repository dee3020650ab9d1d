//! `POST /v1/sms-conversations/{id}/handback`: a person hands a conversation back to its agent, which answers what is
//! still unanswered.

use domain::sms::{Input, SmsConversation};
use lambda_http::http::StatusCode;
use store::Loaded;

pub(crate) use super::sms_reads as reads;
use super::sms_view::SmsConversationSummary;
use super::{conversation, reference};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::registry::Authorized;

/// Hands a conversation back. One that was not taken over stays as it is.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    Fields::open_optional(request, &[])?.finish()?;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let reference = reference(id, &caller.scope);
    let loaded = Loaded::<SmsConversation>::from_items(&reference, &items)?;
    let loaded = loaded.ok_or(ApiError::NotFound("conversation"))?;
    let applied = app.store.apply(&reference, Some(loaded), |_| Input::HandBack).await?;
    let conversation = applied.ok_or(ApiError::NotFound("conversation"))?.loaded.conversation;
    if conversation.is_ended() {
        return Err(ApiError::Conflict("the conversation has ended".to_owned()));
    }
    Ok(Response::data(StatusCode::OK, request, SmsConversationSummary::from(conversation))?)
}
