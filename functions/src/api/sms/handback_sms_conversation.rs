//! `POST /v1/sms-conversations/{id}/handback`: a person hands a conversation back to its agent, which answers what is
//! still unanswered.

use domain::key::Permission;
use domain::sms::{Input, SmsConversation};
use futures::FutureExt;
use lambda_http::http::StatusCode;
use store::Loaded;

use crate::api::paths::{conversation, reference};
use crate::api::sms::sms_keys;
use crate::api::sms::view::SmsConversationSummary;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "handback-sms-conversation",
    trigger: Trigger::Http(Route::with_key(
        "POST",
        "/v1/sms-conversations/{id}/handback",
        Permission::CanSendSms,
        sms_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// Hands a conversation back. One that was not taken over stays as it is.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
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
