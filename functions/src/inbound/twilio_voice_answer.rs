//! `POST …/calls/{id}/{attempt}/answer`: a call was answered; what is to be done on it is the answer, as TwiML.

use domain::ids::Channel;
use domain::organization::VoiceSettings;
use providers::twilio::{answer_callback, hang_up, speak};

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::registry::Signed;

/// Applies that the call was answered, then returns what is to be said on it. A call that is none of ours to hold any more is hung
/// up.
pub(crate) async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let table = &signed.app.store.table;
    let callback = answer_callback(signed.request.body(), table.now());
    let call_id = callback.as_ref().and_then(|callback| callback.call_id.clone());
    let Some(applied) = hear(&signed, callback).await? else { return Ok(Response::xml(hang_up())) };
    let call = applied.conversation();
    if call.is_ended() || call.provider_call_id != call_id {
        return Ok(Response::xml(hang_up()));
    }
    let voice = table.content(Channel::Voice, call.id).await?.voice;
    Ok(Response::xml(speak(&voice.unwrap_or_else(VoiceSettings::default), call.id)))
}
