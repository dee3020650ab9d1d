//! `POST …/messages/{id}/{number}/status`: delivery status of an SMS message. Twilio promises no order, so a status that comes
//! late changes nothing.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::twilio::delivery_of;

use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};
use crate::sms::inbound::take_report;

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "twilio-message-status",
    trigger: Trigger::Http(Route::signed(
        "/inbound/twilio/{organization}/messages/{id}/{number}/status",
        Provider::Twilio,
        |signed| handle(signed).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Applies the callback. A callback that concerns none of our messages is answered with 200 and ignored.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let Signed { app, request, .. } = &signed;
    if let (Some(reference), Some(number), Some(report)) =
        (signed.conversation(), signed.number("number"), delivery_of(request.body()))
    {
        take_report(app, &reference, number, &report).await?;
    }
    Ok(Response::empty(StatusCode::OK))
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Twilio, "Twilio tells how far a text got", About::Text, TAKEN)
    }
}
