//! `GET /v1/calls/{id}/recording`: the recording itself. A provider's own address for it often needs credentials.

use domain::call::Call;
use domain::retention::shown;
use providers::Recording;
use store::Loaded;

pub(crate) use super::call_reads as reads;
use super::{conversation, reference};
use crate::app::App;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a call's recording, or with a redirect to it.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let loaded =
        Loaded::<Call>::from_items(&reference(id, &caller.scope), &items)?.ok_or(ApiError::NotFound("call"))?;
    recording(app, &shown(loaded.conversation, app.store.table.now())).await
}

/// A call's recording, or a redirect to it.
pub(crate) async fn recording(app: &App, call: &Call) -> Result<Response, ApiError> {
    let stored = call.facts.recording.as_deref().ok_or(ApiError::NotFound("recording"))?;
    match app.providers.voice(call.provider).recording(call, stored).await {
        Ok(Some(Recording::Inline { content_type, bytes })) => Ok(Response::bytes(content_type, bytes)),
        Ok(Some(Recording::Redirect(url))) => Response::redirect(&url).ok_or(ApiError::NotFound("recording")),
        Ok(None) => Err(ApiError::NotFound("recording")),
        Err(error) => Err(ApiError::Provider(error.to_string())),
    }
}
