//! `POST …/messages/{id}/{number}/status`: how far a text got. Telnyx promises no order: a state that comes late changes
//! nothing.

use lambda_http::http::StatusCode;
use providers::telnyx::TextEvent;

use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;
use crate::sms::inbound::take_report;

/// Takes it in. Whatever says nothing of a text of ours changes nothing, and is answered as if it did.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let taken = Response::empty(StatusCode::OK);
    let (Some(reference), Some(number), Some(event)) =
        (signed.conversation(), signed.number("number"), TextEvent::read(signed.request.body()))
    else {
        return Ok(taken);
    };
    // The signature covers the body, not the address: a copy of a genuine event may be sent to another text's.
    let here = format!("/messages/{}/{number}/status", reference.conversation);
    let is_meant = |address: String| address.split('?').next().is_some_and(|address| address.ends_with(&here));
    if !event.meant_for.is_none_or(is_meant) {
        tracing::warn!("an event of Telnyx's is about another text than its address");
        return Ok(taken);
    }
    take_report(signed.app, &reference, number, &event.report).await?;
    Ok(taken)
}
