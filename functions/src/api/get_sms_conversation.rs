//! `GET /v1/sms-conversations/{id}`: everything known of an SMS conversation.

use lambda_http::http::StatusCode;

use super::sms_view::SmsConversationView;
use super::sms_with_content;
pub(crate) use super::sms_with_content_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a conversation.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (conversation, content) = sms_with_content(&authorized)?;
    Ok(Response::data(StatusCode::OK, authorized.request, SmsConversationView::new(conversation, content))?)
}
