//! `GET /v1/sms-conversations/{id}`: everything known of an SMS conversation.

use lambda_http::http::StatusCode;

use super::sms_view::SmsConversationView;
pub(crate) use super::sms_with_content_reads as reads;
use super::{conversation, sms_with_content};
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a conversation.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { caller, request, items, .. } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let (conversation, content) = sms_with_content(id, &caller.scope, &items)?;
    Ok(Response::data(StatusCode::OK, request, SmsConversationView::new(conversation, content))?)
}
