//! `POST …/messages`: a customer's text. Set as the webhook of the messaging profile at Telnyx.

use lambda_http::http::StatusCode;
use providers::telnyx::text_of;

use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;
use crate::sms::inbound::take_in_signed;

/// Takes it in, once, however often it comes. Telnyx answers STOP, START and HELP itself.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let received = text_of(signed.request.body());
    take_in_signed(signed, received).await?;
    Ok(Response::empty(StatusCode::OK))
}
