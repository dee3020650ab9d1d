//! `POST /v1/sms-conversations/{id}/close`: ends an SMS conversation.

use domain::end_reason::EndReason;
use domain::ids::ConversationId;
use domain::key::Permission;
use domain::sms::{Input, SmsConversation, Status};
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::Loaded;

use crate::api::calls::close_call::reason;
use crate::api::paths::{conversation, reference};
use crate::api::sms::sms_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "close-sms-conversation",
    trigger: Trigger::Http(Route::with_key(
        "POST",
        "/v1/sms-conversations/{id}/close",
        Permission::CanCloseConversations,
        sms_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// What a closed conversation looks like.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ClosedSmsConversation))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosedConversation {
    /// The conversation's id.
    conversation_id: ConversationId,
    /// `ended`.
    status: Status,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// Why it ended.
    end_reason: Option<EndReason>,
    /// Whether it had ended before this request.
    already_closed: bool,
}

/// Closes a conversation. Closing twice is not an error.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let reason = reason(request)?;
    let id = conversation(request).ok_or(ApiError::NotFound("conversation"))?;
    let reference = reference(id, &caller.scope);
    let loaded = Loaded::<SmsConversation>::from_items(&reference, &items)?;
    let loaded = loaded.ok_or(ApiError::NotFound("conversation"))?;
    let close = |_: &Loaded<SmsConversation>| Input::Close { reason: reason.clone() };
    let applied = app.store.apply(&reference, Some(loaded), close).await?;
    let applied = applied.ok_or(ApiError::NotFound("conversation"))?;
    let conversation = applied.conversation();
    let closed = ClosedConversation {
        conversation_id: id,
        status: conversation.status,
        ended_at: conversation.ended_at,
        end_reason: conversation.end_reason.clone(),
        already_closed: applied.previous.is_ended(),
    };
    Ok(Response::data(StatusCode::OK, request, closed)?)
}
