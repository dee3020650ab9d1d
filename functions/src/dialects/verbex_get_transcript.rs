//! `GET /v1/phone-calls/{id}/transcript`: what was said. The call's token is enough.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;

use super::verbex::Message;
use super::verbex_get_phone_call::found;
use crate::dialect::Dialect;

pub(crate) use super::verbex_get_phone_call::reads;
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
};

/// What was said.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexTranscript))]
pub(crate) struct Transcript {
    /// In order; empty where nothing was said, or nothing yet.
    messages: Vec<Message>,
}

/// Answers with what was said.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (_, full) = found(&authorized).await?;
    let messages = full.transcript.unwrap_or_default().into_iter().map(Message::from).collect();
    Ok(Response::json(StatusCode::OK, &Transcript { messages })?)
}
