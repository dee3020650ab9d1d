//! `GET /v1/sms-conversations/{id}`: everything known of an SMS conversation.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::sms::view::SmsConversationView;
use crate::api::sms::{sms_with_content, sms_with_content_keys};
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-sms-conversation",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/sms-conversations/{id}",
        Permission::CanReadConversations,
        sms_with_content_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// Answers with a conversation.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (conversation, content) = sms_with_content(&authorized)?;
    Ok(Response::data(StatusCode::OK, authorized.request, SmsConversationView::new(conversation, content))?)
}
