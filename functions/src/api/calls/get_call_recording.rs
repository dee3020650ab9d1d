//! `GET /v1/calls/{id}/recording`: returns the recording of a call. The provider's own URL often needs credentials.

use domain::call::Call;
use domain::conversation::shown;
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::{Part, Recording};
use store::Loaded;

use crate::api::calls::call_keys;
use crate::api::paths::{conversation, reference};
use crate::app::App;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-call-recording",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/calls/{id}/recording",
        Permission::CanReadConversations,
        call_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns the recording of the call that the path names, or a redirect to it.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let id = conversation(request).ok_or(ApiError::NotFound("call"))?;
    let loaded =
        Loaded::<Call>::from_items(&reference(id, &caller.scope), &items)?.ok_or(ApiError::NotFound("call"))?;
    recording(app, &shown(loaded.conversation, app.now()), request).await
}

/// Error message for a recording that is too large for one response.
const TOO_LARGE: &str =
    "the recording is larger than one answer can be: ask for it in parts, such as Range: bytes=0-4194303";

/// Returns a call's recording, the requested part of it, or a redirect to it.
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

#[cfg(feature = "openapi")]
mod document {
    use utoipa::openapi::schema::{SchemaType, Type};
    use utoipa::openapi::{HeaderBuilder, ObjectBuilder, ResponseBuilder};

    use crate::error::ApiError;
    use crate::openapi::operation::{Document, invalid_query, operation};
    use crate::openapi::{answers, parameters};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let address = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        let location = HeaderBuilder::new().schema(Some(address)).description(Some("Where it is.")).build();
        let elsewhere = ResponseBuilder::new().description("The recording is elsewhere.").header("Location", location);
        let own = vec![
            invalid_query(),
            ApiError::NotFound("call"),
            ApiError::NotFound("recording"),
            ApiError::Provider("the provider did not answer as it should".to_owned()),
        ];
        operation("calls", "Get a call's recording", GET_CALL_RECORDING)
            .parameter(parameters::call_id())
            .parameter(parameters::range())
            .response("200", answers::recording())
            .response("206", answers::part_of_recording())
            .response("416", answers::shorter_recording())
            .response("302", elsewhere)
            .refused(own)
    }

    const GET_CALL_RECORDING: &str = "The recording itself, or a redirect to it. 404 where there is none, or none yet.";
}
