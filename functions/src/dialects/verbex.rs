//! What all of `verbex` has in common: its errors, and the call object.

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

/// What a client hears of a request with wrong fields.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ValidationFailure))]
pub(crate) struct Unprocessable<'a> {
    /// Every wrong field.
    pub(crate) detail: &'a [Problem],
}

/// What a client hears of any other request that is not carried out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexError))]
pub(crate) struct Failure<'a> {
    /// What went wrong, for programs.
    error: &'a str,
    /// What is wrong, and the fix, for people.
    message: String,
}

/// An error in this vendor's shape.
pub(crate) fn refusal(error: &ApiError) -> Result<Response, serde_json::Error> {
    match error {
        ApiError::Unprocessable(detail) => Response::json(error.status(), &Unprocessable { detail }),
        _ => Response::json(error.status(), &Failure { error: error.code(), message: error.message() }),
    }
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexCallStatus))]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallStatus {
    /// Accepted, and not answered yet.
    Registered,
    /// Answered.
    Ongoing,
    /// Over.
    Ended,
    /// Over, and something failed.
    Error,
}

/// Something that was said.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexMessage))]
pub(crate) struct Message {
    /// `agent` or `user`.
    role: &'static str,
    /// What.
    content: String,
}

/// A call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = VerbexCall))]
pub(crate) struct PhoneCall {
    /// Its name: 24 hexadecimal digits, in the form of a MongoDB ObjectId.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{24}$"))]
    _id: String,
    /// The identifier that the request chose, else `_id`.
    call_id: String,
    /// The agent that holds it.
    ai_agent_id: AgentId,
    /// What people call that agent.
    ai_agent_name: String,
    /// Where it stands.
    call_status: CallStatus,
    /// The agent that the request named instead of the number's own.
    override_ai_agent_id: Option<String>,
    /// What the request brought, untouched.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    metadata: Option<Box<RawValue>>,
    /// The values for the agent's placeholders.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pia_llm_dynamic_data: Map<String, Value>,
    /// When it was answered.
    call_start_time: Option<Timestamp>,
    /// When it ended.
    call_end_time: Option<Timestamp>,
    /// What was said.
    messages: Vec<Message>,
    /// Where its recording is to be had, with the token in it; null where there is none, or none yet.
    recorded_call_audio_url: Option<String>,
    /// For an hour this opens the call's recording and transcript, and nothing else: as `?access_token=`, or as a bearer
    /// token.
    access_token: String,
    /// How long it lasted; null until it ended.
    call_duration_seconds: Option<u32>,
    /// `phone_call`.
    call_type: &'static str,
    /// The calling number.
    from_number: PhoneNumber,
    /// The called number.
    to_number: PhoneNumber,
    /// `outbound`.
    direction: &'static str,
    /// Why it ended, in one of 26 words.
    call_finish_reason: Option<&'static str>,
}

/// What of a call does not stand in itself.
#[derive(Debug)]
pub(crate) struct Beside {
    /// Its name.
    pub(crate) object: ObjectId,
    /// The token that opens its recording and transcript.
    pub(crate) token: String,
    /// The address that the client reached the API at.
    pub(crate) origin: String,
}

impl PhoneCall {
    /// A call as this vendor shows it.
    pub(crate) fn new(call: Call, content: Content, said: Vec<Utterance>, beside: Beside) -> Self {
        let Beside { object, token, origin } = beside;
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

/// Whether a reason says that something failed, rather than how the call went.
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
