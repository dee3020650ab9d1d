//! `GET /v1/phone-calls/{id}/transcript`: returns the transcript of a call. The call's token grants access.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;

use super::verbex::Message;
use super::verbex_get_phone_call::found;
use crate::dialect::Dialect;

use super::verbex_get_phone_call::keys_to_load;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "verbex-get-transcript",
    trigger: Trigger::Http(
        Route::with_call_token(
            "/v1/phone-calls/{id}/transcript",
            Permission::CanReadConversations,
            keys_to_load,
            |authorized| handle(authorized).boxed(),
        )
        .in_dialect(Dialect::Verbex),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Transcript of a call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexTranscript))]
pub(crate) struct Transcript {
    /// Utterances in order; empty if nothing was said, or nothing yet.
    messages: Vec<Message>,
}

/// Returns the transcript of a call.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (_, full) = found(&authorized).await?;
    let messages = full.transcript.unwrap_or_default().into_iter().map(Message::from).collect();
    Ok(Response::json(StatusCode::OK, &Transcript { messages })?)
}

#[cfg(feature = "openapi")]
mod document {
    use crate::error::ApiError;
    use crate::openapi::operation::{Document, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let said = answers::json(None, "What was said.", schema::of::<super::Transcript>());
        operation(
            "verbex",
            "Get what was said by a call's token",
            "For whoever has the call's `access_token`, or a key.",
        )
        .parameter(parameters::object_id())
        .parameter(parameters::access_token())
        .response("200", said)
        .schema::<super::Transcript>(schema::always_there)
        .refused(vec![ApiError::NotFound("call")])
    }
}
