//! `GET /v1/phone-calls/{id}/recording`: what `recorded_call_audio_url` leads to. The call's token is enough.

use super::verbex_get_phone_call::found;

pub(crate) use super::verbex_get_phone_call::reads;
use crate::api::calls::get_call_recording::recording;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};
use domain::key::Permission;
use futures::FutureExt;

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "verbex-get-recording",
    trigger: Trigger::Http(
        Route::with_call_token(
            "/v1/phone-calls/{id}/recording",
            Permission::CanReadConversations,
            keys_to_load,
            |authorized| handle(authorized).boxed(),
        )
        .in_dialect(Dialect::Verbex),
    ),
};

/// Answers with a call's recording, or with a redirect to it.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (_, full) = found(&authorized).await?;
    recording(authorized.app, &full.call, authorized.request).await
}
