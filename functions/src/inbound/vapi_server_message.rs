//! Messages of Vapi about a call: its status, and at the end a report with all data.
//!
//! A message has no id. Statuses only move forward, and each fact is filled in once.

use domain::call::{Call, Input};
use domain::ids::ProviderCallId;
use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::vapi::{ServerMessage, reports};
use store::Loaded;

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

async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let taken = Response::empty(StatusCode::OK);
    let Ok(message) = serde_json::from_slice::<ServerMessage>(signed.request.body()) else {
        tracing::warn!("a message of Vapi's cannot be read");
        return Ok(taken);
    };
    let (Some(reference), Some(call)) = (signed.conversation(), message.into_call()) else { return Ok(taken) };
    // The signature may not cover the address. Only the attempt that the call itself bears counts.
    let attempt = call.attempt().filter(|attempt| signed.is_about(attempt));
    let Some(attempt) = attempt else {
        tracing::warn!("a message of Vapi's is about another call than its address");
        return Ok(taken);
    };
    let reports = reports(&call, signed.app.store.table.now());
    let call_id = ProviderCallId::new(call.id.clone());
    let heard =
        |_: &Loaded<Call>| Input::Heard { attempt: attempt.number, call_id: call_id.clone(), reports: reports.clone() };
    signed.app.store.apply(&reference, None, heard).await?;
    Ok(taken)
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
