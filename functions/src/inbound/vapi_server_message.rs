//! Messages of Vapi about a call: its status, and at the end a report with all data.
//!
//! A message has no id. Statuses only move forward, and each fact is filled in once.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::vapi::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "vapi-server-message",
    trigger: Trigger::Http(
        Route::signed("/inbound/vapi/{organization}/calls/{id}/{attempt}/events", Provider::Vapi, |signed| {
            handle(signed).boxed()
        })
        .with_bodies_of(MAX_BODY_BYTES),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Largest accepted body, in bytes: a long call with everything that was said, twice. The message has it, and so does its copy
/// of the call.
pub(crate) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Applies the message.
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
        callback(Provider::Vapi, "Vapi tells of a call that it holds", About::Call, TAKEN)
    }
}
