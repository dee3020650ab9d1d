//! `POST …/messages`: an SMS message of a customer. Operators set this URL as the webhook of each number at Twilio.

use domain::provider::Provider;
use futures::FutureExt;
use providers::twilio::{nothing, text_of};

use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};
use crate::sms::inbound::take_in_signed;

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "twilio-inbound-message",
    trigger: Trigger::Http(Route::signed("/inbound/twilio/{organization}/messages", Provider::Twilio, |signed| {
        handle(signed).boxed()
    })),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Stores the message once, however often the callback comes. Twilio itself answers STOP and HELP. The response is empty TwiML
/// and sends no message.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let received = text_of(signed.request.body());
    take_in_signed(signed, received).await?;
    Ok(Response::xml(nothing()))
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(
            Provider::Twilio,
            "Twilio hands over a customer's text",
            About::Nothing,
            "It was taken in: an empty TwiML.",
        )
    }
}
