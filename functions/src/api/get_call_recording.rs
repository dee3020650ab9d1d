//! `GET /v1/calls/{id}/recording`: the recording itself. A provider's own address for it often needs credentials.

use domain::call::Call;
use domain::conversation::shown;
use lambda_http::http::StatusCode;
use providers::{Part, Recording};
use store::Loaded;

pub(crate) use super::call_reads as reads;
use super::{conversation, reference};
use crate::app::App;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::registry::Authorized;

/// Answers with a call's recording, or with a redirect to it.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let loaded =
        Loaded::<Call>::from_items(&reference(id, &caller.scope), &items)?.ok_or(ApiError::NotFound("call"))?;
    recording(app, &shown(loaded.conversation, app.store.table.now()), request).await
}

/// What is said of a recording that is not handed on.
const TOO_LARGE: &str =
    "the recording is larger than one answer can be: ask for it in parts, such as Range: bytes=0-4194303";

/// A call's recording, or the part of it that the request wants, or a redirect to it.
pub(crate) async fn recording(app: &App, call: &Call, request: &Request) -> Result<Response, ApiError> {
    let part = request.header("range").and_then(Part::parse);
    let stored = call.facts.recording.as_deref().ok_or(ApiError::NotFound("recording"))?;
    match app.providers.voice(call.provider).recording(call, stored, part).await {
        Ok(Some(Recording::Inline { content_type, bytes, range })) => {
            Ok(Response::bytes(content_type, bytes).part(range))
        }
        Ok(Some(Recording::TooLarge)) => Err(ApiError::Provider(TOO_LARGE.to_owned())),
        Ok(Some(Recording::Shorter)) => Ok(Response::empty(StatusCode::RANGE_NOT_SATISFIABLE)),
        Ok(Some(Recording::Redirect(url))) => Response::redirect(&url).ok_or(ApiError::NotFound("recording")),
        Ok(None) => Err(ApiError::NotFound("recording")),
        Err(error) => Err(ApiError::Provider(error.to_string())),
    }
}
