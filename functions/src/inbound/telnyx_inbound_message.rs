//! `POST …/messages`: an SMS message of a customer. Operators set this URL as the webhook of the messaging profile at Telnyx.

use domain::provider::Provider;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use providers::telnyx::text_of;

use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};
use crate::sms::inbound::take_in_signed;

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "telnyx-inbound-message",
    trigger: Trigger::Http(Route::signed("/inbound/telnyx/{organization}/messages", Provider::Telnyx, |signed| {
        handle(signed).boxed()
    })),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Stores the message once, however often the callback comes. Telnyx itself answers STOP, START and HELP.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let received = text_of(signed.request.body());
    take_in_signed(signed, received).await?;
    Ok(Response::empty(StatusCode::OK))
}

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, TAKEN, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(Provider::Telnyx, "Telnyx hands over a customer's text", About::Nothing, TAKEN)
    }
}
