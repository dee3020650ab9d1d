//! `POST …/calls/{id}/{attempt}/status`: reports of Twilio on a call, in any order and more than once. They tell its status,
//! the person or machine that answered, and the URL of its recording.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::twilio::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "twilio-call-status",
    trigger: Trigger::Http(Route::signed(
        "/inbound/twilio/{organization}/calls/{id}/{attempt}/status",
        Provider::Twilio,
        |signed| handle(signed).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Applies the callback.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let callback = call_callback(signed.request.body(), signed.app.now());
    hear(&signed, callback).await?;
    Ok(Response::empty(StatusCode::OK))
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Twilio, "Twilio tells of a call", About::Call, TAKEN)
    }
}
