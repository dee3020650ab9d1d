//! `POST /v1/calls/{id}/close`: ends a call. The provider hangs up after the response was sent.

use domain::call::{Call, Input, Status};
use domain::end_reason::EndReason;
use domain::ids::ConversationId;
use domain::key::Permission;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::Loaded;

use crate::api::calls::call_keys;
use crate::api::paths::{conversation, reference};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "close-call",
    trigger: Trigger::Http(
        Route::with_key("POST", "/v1/calls/{id}/close", Permission::CanCloseConversations, call_keys, |authorized| {
            handle(authorized).boxed()
        })
        .with_body(&FIELDS),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Fields that a request may have.
pub(crate) const FIELDS: [&str; 1] = ["reason"];

/// Reason for closing a conversation.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), serde(deny_unknown_fields))]
pub(crate) struct CloseRequest {
    /// End reason of the conversation; `admin_closed` by default.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "customer_cancelled"))]
    reason: Option<String>,
}

/// Closed call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ClosedCall))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Closed {
    /// Id of the call.
    conversation_id: ConversationId,
    /// Status of the call: `ended`.
    status: Status,
    /// Time at which the call ended.
    ended_at: Option<Timestamp>,
    /// Reason for the end of the call. If the call had already ended, this is the earlier reason.
    end_reason: Option<EndReason>,
    /// `true` if the call had already ended before this request.
    already_closed: bool,
}

impl CloseRequest {
    /// Reads a request to close a conversation. The body is optional.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every wrong field.
    pub(crate) fn parse(request: &Request) -> Result<Self, ApiError> {
        let mut fields = Fields::open_optional(request, &FIELDS)?;
        let reason = fields.text_within("reason", 1, 128).map(str::to_owned);
        fields.finish()?;
        Ok(Self { reason })
    }

    /// Returns the conversation's end reason.
    pub(crate) fn end_reason(&self) -> EndReason {
        self.reason.as_deref().map_or(EndReason::ADMIN_CLOSED, EndReason::given)
    }
}

/// Closes a call. Closing an ended call is not an error.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let reason = CloseRequest::parse(request)?.end_reason();
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let reference = reference(id, &caller.scope);
    let loaded = Loaded::<Call>::from_items(&reference, &items)?.ok_or(ApiError::NotFound("call"))?;
    let close = |_: &Loaded<Call>| Input::Close { reason: reason.clone() };
    let applied = app.store.apply(&reference, Some(loaded), close).await?.ok_or(ApiError::NotFound("call"))?;
    let call = applied.conversation();
    let closed = Closed {
        conversation_id: id,
        status: call.status,
        ended_at: call.ended_at,
        end_reason: call.end_reason.clone(),
        already_closed: applied.previous.is_ended(),
    };
    Ok(Response::data(StatusCode::OK, request, closed)?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};
    use utoipa::openapi::Required;

    use super::{CloseRequest, Closed};
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, body, conflict, invalid, operation, with_body};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let closed = answers::json(Some(answer()), "The call has ended.", schema::envelope(schema::of::<Closed>()));
        let own =
            vec![invalid(&[("reason", "must be 1 to 128 characters long")]), ApiError::NotFound("call"), conflict()];
        operation("calls", "Close a call", CLOSE_CALL)
            .parameter(parameters::call_id())
            .request_body(body(request(), schema::of::<CloseRequest>(), Required::False))
            .response("200", closed)
            .schema::<CloseRequest>(schema::as_it_is)
            .schema::<Closed>(schema::always_there)
            .refused(with_body(own))
    }

    const CLOSE_CALL: &str = "Ends a call. One that is queued is never dialled; one that is live is hung up behind the answer, and \
    its transcript still arrives. Closing a call that has ended is no error: `alreadyClosed` is true, and `endReason` is the one \
    it ended with. The body may be left out.";

    fn answer() -> Value {
        examples::one(json!({
            "conversationId": examples::CONVERSATION,
            "status": "ended",
            "endedAt": "2026-04-10T14:00:00.000Z",
            "endReason": "customer_cancelled",
            "alreadyClosed": false
        }))
    }

    fn request() -> Value {
        json!({"reason": "customer_cancelled"})
    }
}
