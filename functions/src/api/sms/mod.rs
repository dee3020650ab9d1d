//! SMS conversations.

pub(crate) mod close_sms_conversation;
pub(crate) mod create_sms_conversation;
pub(crate) mod get_sms_conversation;
pub(crate) mod handback_sms_conversation;
pub(crate) mod list_sms_conversations;
pub(crate) mod list_sms_events;
pub(crate) mod list_sms_messages;
pub(crate) mod send_sms_message;
pub(crate) mod view;

use domain::ids::Scope;
use domain::payload::Content;
use domain::sms::SmsConversation;
use store::keys::{self, Key};

use crate::api::paths::{conversation, reference};
use crate::error::ApiError;
use crate::http::Request;
use crate::route::Authorized;

/// Returns the keys of the conversation that the path names.
pub(crate) fn sms_keys(request: &Request, scope: &Scope) -> Vec<Key> {
    conversation(request).map(|id| reference(id, scope).reads::<SmsConversation>()).unwrap_or_default()
}

/// Returns the keys of the conversation that the path names and of its request payload.
pub(crate) fn sms_with_content_keys(request: &Request, _: &Scope) -> Vec<Key> {
    conversation(request).map(|id| vec![keys::sms(id), keys::content(id)]).unwrap_or_default()
}

/// Returns the conversation that the path names, with its request payload, from the items that were loaded.
///
/// # Errors
/// [`ApiError::NotFound`] if there is none in the caller's organization and mode.
pub(crate) fn sms_with_content(authorized: &Authorized<'_>) -> Result<(SmsConversation, Content), ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let scope = &caller.scope;
    let found = items.sms_with_content(id, app.now())?.filter(|(conversation, _)| conversation.scope == *scope);
    found.ok_or(ApiError::NotFound("conversation"))
}
