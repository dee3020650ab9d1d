//! Shared parts of the `verbex` dialect: its errors and the call object.

use domain::call::{Call, Role, Status, Utterance};
use domain::end_reason::EndReason;
use domain::ids::{AgentId, ObjectId};
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::verbex_reasons::finish_reason;
use crate::error::ApiError;
use crate::http::Response;
use crate::problem::Problem;

/// Error response for wrong fields.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ValidationFailure))]
pub(crate) struct Unprocessable<'a> {
    /// Wrong fields of the request.
    pub(crate) detail: &'a [Problem],
}

/// Error response, except for wrong fields.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexError))]
pub(crate) struct Failure<'a> {
    /// Error code, for programs.
    error: &'a str,
    /// Error message for people, with the fix.
    message: String,
}

/// Returns the response for an error, in this vendor's format.
pub(crate) fn refusal(error: &ApiError) -> Result<Response, serde_json::Error> {
    match error {
        ApiError::Unprocessable(detail) => Response::json(error.status(), &Unprocessable { detail }),
        _ => Response::json(error.status(), &Failure { error: error.code(), message: error.message() }),
    }
}

/// Status of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexCallStatus))]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallStatus {
    /// Accepted, and not answered yet.
    Registered,
    /// Answered.
    Ongoing,
    /// Ended without a failure.
    Ended,
    /// Ended by a failure.
    Error,
}

/// Utterance of a call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexMessage))]
pub(crate) struct Message {
    /// Speaker: `agent` or `user`.
    role: &'static str,
    /// Text of the utterance.
    content: String,
}

/// Outbound phone call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexCall))]
pub(crate) struct PhoneCall {
    /// Id of the call: 24 hexadecimal digits, in the form of a MongoDB ObjectId.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{24}$"))]
    _id: String,
    /// Id that the client chose in the request; without one, the same as `_id`.
    call_id: String,
    /// Id of the agent that holds the call.
    ai_agent_id: AgentId,
    /// Display name of the agent.
    ai_agent_name: String,
    /// Status of the call.
    call_status: CallStatus,
    /// Agent that the request named instead of the number's own; null if it named none.
    override_ai_agent_id: Option<String>,
    /// Metadata of the request, unchanged; an empty object if it had none.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    metadata: Option<Box<RawValue>>,
    /// Values for the placeholders in the agent's templates.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pia_llm_dynamic_data: Map<String, Value>,
    /// Time at which the call was answered; null if it was not.
    call_start_time: Option<Timestamp>,
    /// Time at which the call ended; null until then.
    call_end_time: Option<Timestamp>,
    /// Transcript of the call; empty if nothing was said, or nothing yet.
    messages: Vec<Message>,
    /// URL of the recording, including the access token; null if there is no recording, or none yet.
    recorded_call_audio_url: Option<String>,
    /// Token for the call's recording and transcript, sent as `?access_token=` or as a bearer token. It gives no other access and is valid
    /// for one hour.
    access_token: String,
    /// Duration of the call, in seconds; null until it has ended.
    call_duration_seconds: Option<u32>,
    /// Type of the call: always `phone_call`.
    call_type: &'static str,
    /// Calling number, in E.164.
    from_number: PhoneNumber,
    /// Called number, in E.164.
    to_number: PhoneNumber,
    /// Direction of the call: always `outbound`.
    direction: &'static str,
    /// Reason for the end of the call, one of 26 values; null until then.
    call_finish_reason: Option<&'static str>,
}

/// Data that a call object needs besides the stored call.
#[derive(Debug)]
pub(crate) struct CallLinks {
    /// Id of the call in this dialect.
    pub(crate) object: ObjectId,
    /// Access token for the call's recording and transcript.
    pub(crate) token: String,
    /// Origin of the URL at which the client reached the API.
    pub(crate) origin: String,
}

impl PhoneCall {
    /// Returns a call in this vendor's format.
    pub(crate) fn new(call: Call, content: Content, said: Vec<Utterance>, beside: CallLinks) -> Self {
        let CallLinks { object, token, origin } = beside;
        let recording = call.facts.recording.is_some();
        Self {
            _id: object.to_string(),
            call_id: content.client_call_id.unwrap_or_else(|| object.to_string()),
            call_status: status(&call),
            override_ai_agent_id: content.requested_agent,
            metadata: content.metadata.or_else(|| RawValue::from_string("{}".to_owned()).ok()),
            pia_llm_dynamic_data: content.dynamic_variables,
            call_start_time: call.started_at,
            call_end_time: call.ended_at,
            messages: said.into_iter().map(Message::from).collect(),
            recorded_call_audio_url: recording
                .then(|| format!("{origin}/v1/phone-calls/{object}/recording?access_token={token}")),
            access_token: token,
            call_duration_seconds: call.is_ended().then(|| call.duration_seconds()),
            call_type: "phone_call",
            direction: "outbound",
            call_finish_reason: call.end_reason.as_ref().map(finish_reason),
            ai_agent_id: call.agent.id,
            ai_agent_name: call.agent.name,
            from_number: call.from,
            to_number: call.to,
        }
    }
}

impl From<Utterance> for Message {
    fn from(utterance: Utterance) -> Self {
        let role = match utterance.role {
            Role::Agent => "agent",
            Role::Customer => "user",
        };
        Self { role, content: utterance.content }
    }
}

fn status(call: &Call) -> CallStatus {
    match call.status {
        Status::Queued | Status::Dispatching | Status::Ringing => CallStatus::Registered,
        Status::InProgress => CallStatus::Ongoing,
        Status::Ended if call.end_reason.as_ref().is_some_and(is_failure) => CallStatus::Error,
        Status::Ended => CallStatus::Ended,
    }
}

/// Returns `true` if an end reason is a failure, not a normal end of a call.
fn is_failure(reason: &EndReason) -> bool {
    [
        EndReason::REJECTED,
        EndReason::INVALID_DESTINATION,
        EndReason::DO_NOT_CALL,
        EndReason::DISPATCH_DEADLINE_EXCEEDED,
        EndReason::PROVIDER_UNAVAILABLE,
        EndReason::DISPATCH_UNCONFIRMED,
        EndReason::PROVIDER_LOST,
        EndReason::INSUFFICIENT_FUNDS,
        EndReason::ORGANIZATION_SUSPENDED,
        EndReason::NUMBER_NOT_OWNED,
        EndReason::INTERNAL_ERROR,
    ]
    .contains(reason)
}
