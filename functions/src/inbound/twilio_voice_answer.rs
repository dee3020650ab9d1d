//! `POST …/calls/{id}/{attempt}/answer`: a call was answered. The response is TwiML that tells Twilio what to do.

use domain::call::{AnsweredBy, Call, Input, Report};
use domain::ids::Channel;
use domain::provider::Provider;
use domain::voice_settings::VoiceSettings;
use futures::FutureExt;
use providers::twilio::{self, CallCallback};
use store::Loaded;

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

/// Applies the report that the call was answered, then returns the TwiML of the agent's speech. Returns the TwiML to hang up if
/// the call has ended, or if it is not the one that the conversation is known to have.
async fn handle(signed: Signed<'_>) -> Result<Response, ApiError> {
    let hang_up = || Response::xml(twilio::hang_up());
    let Signed { app, request, .. } = &signed;
    let now = app.store.table.now();
    let callback = CallCallback::read(request.body(), now);
    let (Some(reference), Some(attempt), Some(callback)) = (signed.conversation(), signed.number("attempt"), callback)
    else {
        return Ok(hang_up());
    };
    let by = callback.reports.iter().find_map(answered_by);
    let heard = |_: &Loaded<Call>| Input::Heard {
        attempt,
        call_id: callback.call_id.clone(),
        reports: vec![Report::Answered { at: now, by }],
    };
    let Some(applied) = app.store.apply(&reference, None, heard).await? else { return Ok(hang_up()) };
    let call = applied.conversation();
    if call.is_ended() || call.provider_call_id.as_ref() != Some(&callback.call_id) {
        return Ok(hang_up());
    }
    let voice = app.store.table.content(Channel::Voice, call.id).await?.voice;
    Ok(Response::xml(twilio::speak(&voice.unwrap_or_else(VoiceSettings::default), call.id)))
}

fn answered_by(report: &Report) -> Option<AnsweredBy> {
    match report {
        Report::Answered { by, .. } => *by,
        Report::Ringing
        | Report::Ended { .. }
        | Report::Transcript { .. }
        | Report::Recording { .. }
        | Report::Analysis { .. }
        | Report::Cost { .. } => None,
    }
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
