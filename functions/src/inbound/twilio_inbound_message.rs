//! `POST …/messages`: a customer's text. Set as the webhook of each number at Twilio.

use providers::twilio::{nothing, text_of};

use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;
use crate::sms::inbound::take_in_signed;

/// Takes it in, once, however often it comes. Twilio answers STOP and HELP itself, and nothing is answered here.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let received = text_of(signed.request.body());
    take_in_signed(signed, received).await?;
    Ok(Response::xml(nothing()))
}
