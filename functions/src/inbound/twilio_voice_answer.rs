//! `POST …/calls/{id}/{attempt}/answer`: a call was answered. The response is TwiML that tells Twilio what to do.

use domain::ids::Channel;
use domain::provider::Provider;
use domain::voice_settings::VoiceSettings;
use futures::FutureExt;
use providers::twilio::{answer_callback, hang_up, speak};

use super::hear;
use crate::error::ApiError;
use crate::http::Response;
use crate::route::{Function, Route, Signed, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "twilio-voice-answer",
    trigger: Trigger::Http(Route::signed(
        "/inbound/twilio/{organization}/calls/{id}/{attempt}/answer",
        Provider::Twilio,
        |signed| handle(signed).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Applies that the call was answered, then returns what is to be said on it. A call that is none of ours to hold any more is hung
/// up.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
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

#[cfg(feature = "openapi")]
mod document {
    use domain::provider::Provider;

    use crate::openapi::callback::{About, callback};
    use crate::openapi::operation::Document;

    /// Describes the callback for the OpenAPI document.
    pub(super) fn describe() -> Document {
        callback(
            Provider::Twilio,
            "Twilio asks what to do on a call that was answered",
            About::Call,
            "What to do, as TwiML.",
        )
    }
}
