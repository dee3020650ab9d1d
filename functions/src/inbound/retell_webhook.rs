//! Webhooks of Retell about a call: it was answered, it is over, or it was analysed.
//!
//! A webhook has no id, and shows the whole call in its current state. A duplicate, or an older webhook that comes late,
//! therefore changes nothing: statuses only move forward, and each fact is filled in once.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::retell::call_callback;

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "retell-webhook",
    trigger: Trigger::Http(
        Route::signed("/inbound/retell/{organization}/calls/{id}/{attempt}/events", Provider::Retell, |signed| {
            handle(signed).boxed()
        })
        .with_bodies_of(MAX_BODY_BYTES),
    ),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Largest accepted body, in bytes: a call of two hours, with its words and their times, and every tool that it used.
pub(crate) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Applies the webhook.
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
        callback(Provider::Retell, "Retell tells of a call that it holds", About::Call, TAKEN)
    }
}
