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

use crate::api::calls::close_call::{CloseRequest, FIELDS};
use crate::api::paths::{conversation, reference};
use crate::api::sms::sms_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "close-sms-conversation",
    trigger: Trigger::Http(
        Route::with_key(
            "POST",
            "/v1/sms-conversations/{id}/close",
            Permission::CanCloseConversations,
            sms_keys,
            |authorized| handle(authorized).boxed(),
        )
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Closed SMS conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ClosedSmsConversation))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosedConversation {
    /// Id of the conversation.
    conversation_id: ConversationId,
    /// Status of the conversation: `ended`.
    status: Status,
    /// Time at which the conversation ended.
    ended_at: Option<Timestamp>,
    /// Reason for the end of the conversation. If it had already ended, this is the earlier reason.
    end_reason: Option<EndReason>,
    /// `true` if the conversation had already ended before this request.
    already_closed: bool,
}

/// Closes a conversation. Closing an ended conversation is not an error.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let reason = CloseRequest::parse(request)?.end_reason();
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

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::{CloseRequest, ClosedConversation};
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let closed = schema::envelope(schema::of::<ClosedConversation>());
        let own = vec![
            invalid(&[("reason", "must be 1 to 128 characters long")]),
            ApiError::NotFound("conversation"),
            conflict(),
        ];
        operation("sms", "Close a conversation", CLOSE)
            .parameter(parameters::sms_conversation_id())
            .request_body(body(request(), schema::of::<CloseRequest>(), Required::False))
            .response("200", answers::json(Some(answer()), "The conversation has ended.", closed))
            .schema::<ClosedConversation>(schema::always_there)
            .refused(with_body(own))
    }

    const CLOSE: &str = "Ends a conversation. An answer that the agent was working on is not sent. Closing a conversation that has \
    ended is no error: `alreadyClosed` is true, and `endReason` is the one it ended with. The body may be left out.";

    fn answer() -> Value {
        examples::one(json!({
            "conversationId": examples::sms::CONVERSATION,
            "status": "ended",
            "endedAt": "2026-04-10T16:30:00.000Z",
            "endReason": "car_picked_up",
            "alreadyClosed": false
        }))
    }

    fn request() -> Value {
        json!({"reason": "car_picked_up"})
    }
}
