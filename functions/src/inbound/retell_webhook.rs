//! Webhooks of Retell about a call: it was answered, it is over, or it was analysed.
//!
//! A webhook has no id, and shows the whole call in its current state. A duplicate, or an older webhook that comes late,
//! therefore changes nothing: statuses only move forward, and each fact is filled in once.

use domain::call::{Call, Input};
use domain::ids::ProviderCallId;
use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::retell::{Webhook, reports};
use store::Loaded;

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

/// Events of the webhooks that are sent once everything except an analysis is available.
const COMPLETE: [&str; 2] = ["call_ended", "call_analyzed"];

async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let taken = Response::empty(StatusCode::OK);
    let Ok(webhook) = serde_json::from_slice::<Webhook>(signed.request.body()) else {
        tracing::warn!("a webhook of Retell's cannot be read");
        return Ok(taken);
    };
    let (Some(reference), Some(call)) = (signed.conversation(), webhook.call) else { return Ok(taken) };
    // The signature covers the body and not the address. Only the attempt that the call itself bears counts.
    let attempt = call.attempt().filter(|attempt| signed.is_about(attempt));
    let Some(attempt) = attempt else {
        tracing::warn!("a webhook of Retell's is about another call than its address");
        return Ok(taken);
    };
    let complete = COMPLETE.contains(&webhook.event.as_str());
    let reports = reports(&call, complete, signed.app.store.table.now());
    let call_id = ProviderCallId::new(call.call_id.clone());
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
        callback(Provider::Retell, "Retell tells of a call that it holds", About::Call, TAKEN)
    }
}
