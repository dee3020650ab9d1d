//! `POST …/messages/{id}/{number}/status`: delivery status of an SMS message. Telnyx promises no order, so a status that comes
//! late changes nothing.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::telnyx::TextEvent;

use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};
use crate::sms::inbound::take_report;

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "telnyx-message-status",
    trigger: Trigger::Http(Route::signed(
        "/inbound/telnyx/{organization}/messages/{id}/{number}/status",
        Provider::Telnyx,
        |signed| handle(signed).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Applies the callback. A callback that concerns none of our messages is answered with 200 and ignored.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let taken = Response::empty(StatusCode::OK);
    let (Some(reference), Some(number), Some(event)) =
        (signed.conversation(), signed.number("number"), TextEvent::read(signed.request.body()))
    else {
        return Ok(taken);
    };
    // The signature covers the body and not the address. A copy of a genuine event may be sent to the address of another
    // message.
    let here = format!("/messages/{}/{number}/status", reference.conversation);
    let is_meant = |address: String| address.split('?').next().is_some_and(|address| address.ends_with(&here));
    if !event.meant_for.is_none_or(is_meant) {
        tracing::warn!("an event of Telnyx's is about another text than its address");
        return Ok(taken);
    }
    take_report(signed.app, &reference, number, &event.report).await?;
    Ok(taken)
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Telnyx, "Telnyx tells how far a text got", About::Text, TAKEN)
    }
}
