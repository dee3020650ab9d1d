//! `GET /v1/phone-calls/{id}/recording`: what `recorded_call_audio_url` leads to. The call's token is enough.

use super::verbex_get_phone_call::found;
pub(crate) use super::verbex_get_phone_call::reads;
use crate::api::get_call_recording::recording;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Authorized;

/// Answers with a call's recording, or with a redirect to it.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (_, full) = found(&authorized).await?;
    recording(authorized.app, &full.call, authorized.request).await
}
