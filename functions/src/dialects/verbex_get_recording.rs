//! `GET /v1/phone-calls/{id}/recording`: returns the recording to which `recorded_call_audio_url` points. The call's token grants access.

use super::verbex_get_phone_call::found;

use super::verbex_get_phone_call::keys_to_load;
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
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a call's recording, or a redirect to it.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let (_, full) = found(&authorized).await?;
    recording(authorized.app, &full.call, authorized.request).await
}

#[cfg(feature = "openapi")]
mod document {
    use utoipa::openapi::ResponseBuilder;

    use crate::error::ApiError;
    use crate::openapi::operation::{Document, operation};
    use crate::openapi::{answers, parameters};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "The recording, or a redirect to it, for whoever has the call's `access_token`, or a key.";
        operation("verbex", "Get a call's recording by its token", description)
            .parameter(parameters::object_id())
            .parameter(parameters::access_token())
            .parameter(parameters::range())
            .response("200", answers::recording())
            .response("206", answers::part_of_recording())
            .response("416", answers::shorter_recording())
            .response("302", ResponseBuilder::new().description("The recording is elsewhere."))
            .refused(vec![ApiError::NotFound("recording")])
    }
}
