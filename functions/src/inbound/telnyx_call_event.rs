//! Events of Telnyx about a call: it was begun, answered, hung up, or recorded.
//!
//! Events come in any order, and possibly twice. Statuses only move forward, and each fact is filled in once.

use domain::call::{Call, Input, Report};
use domain::ids::ProviderCallId;
use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::attempt::Attempt;
use providers::telnyx::{Webhook, reports};
use store::Loaded;

use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "telnyx-call-event",
    trigger: Trigger::Http(Route::signed(
        "/inbound/telnyx/{organization}/calls/{id}/{attempt}/events",
        Provider::Telnyx,
        |signed| handle(signed).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let taken = Response::empty(StatusCode::OK);
    let Ok(Webhook { data: Some(event) }) = serde_json::from_slice::<Webhook>(signed.request.body()) else {
        tracing::warn!("an event of Telnyx's cannot be read");
        return Ok(taken);
    };
    let Some(reference) = signed.conversation() else { return Ok(taken) };
    // The signature covers the body and not the address. Only the attempt that the call itself bears counts.
    let attempt = event.attempt().filter(|attempt| signed.is_about(attempt));
    let Some(attempt) = attempt else {
        tracing::warn!("an event of Telnyx's is about another call than its address");
        return Ok(taken);
    };
    let reports = reports(&event, signed.app.store.table.now());
    let heard = |loaded: &Loaded<Call>| heard(&loaded.conversation, &attempt, event.call_id(), &reports);
    let applied = signed.app.store.apply(&reference, None, heard).await?;
    // A recording cannot precede its call. Its event has overtaken the one that names the call, so Telnyx has to send it again.
    let is_unknown = |call: &Call| event.call_id().is_none() && call.provider_call_id.is_none();
    if applied.is_some_and(|applied| is_unknown(applied.conversation())) {
        return Err(ApiError::Conflict("the call is not known yet; send it again".to_owned()));
    }
    Ok(taken)
}

/// Returns the input for an event. An event about a recording does not name its call. In that case the call is the one that the
/// attempt is known to have created.
fn heard(call: &Call, attempt: &Attempt, call_id: Option<&str>, reports: &[Report]) -> Input {
    let ours = || call.provider_call_id.clone().filter(|_| call.attempt == attempt.number);
    match call_id.map(ProviderCallId::new).or_else(ours) {
        Some(call_id) => Input::Heard { attempt: attempt.number, call_id, reports: reports.to_vec() },
        None => Input::Tick,
    }
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Telnyx, "Telnyx tells of a call", About::Call, TAKEN)
    }
}
