//! A call in responses.

use domain::call::{Analysis, AnsweredBy, Call, Cost, Status, Utterance};
use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::ids::{AgentId, ContactId, ConversationId, Mode};
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::FullCall;

/// Call as an entry of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallSummary {
    /// Id of the call.
    conversation_id: ConversationId,
    /// Channel of the conversation: always `voice`.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::ids::Channel))]
    channel: &'static str,
    /// Mode of the API key that requested the call.
    mode: Mode,
    /// Status of the call.
    status: Status,
    /// Id of the agent.
    agent_id: AgentId,
    /// Slug of the agent.
    agent_slug: String,
    /// Called number, in E.164.
    to_number: PhoneNumber,
    /// Calling number, in E.164.
    from_number: PhoneNumber,
    /// Provider that places the call.
    provider: Provider,
    /// The provider's id of the call; null until the provider has accepted it.
    provider_call_id: Option<String>,
    /// Earliest time to dial.
    not_before: Timestamp,
    /// Time from which the call is no longer dialled.
    not_after: Timestamp,
    /// Time at which the call was accepted.
    created_at: Timestamp,
    /// Time at which the call was answered; null if it was not.
    started_at: Option<Timestamp>,
    /// Time at which the call ended; null until then.
    ended_at: Option<Timestamp>,
    /// Duration from the answer to the end of the call, in seconds. It is 0 if nobody answered, and null until the call has ended.
    duration_seconds: Option<u32>,
    /// Reason for the end of the call; null until then.
    end_reason: Option<EndReason>,
    /// Party that ended the call; null if it is unknown or the call has not ended.
    ended_by: Option<EndedBy>,
    /// Kind of the answering party; null if it is unknown.
    answered_by: Option<AnsweredBy>,
    /// Path of the recording in this API; null if there is no recording.
    recording_url: Option<String>,
    /// Cost of the call; null if it is unknown.
    cost: Option<Cost>,
    /// Id of the contact that the call was made for; null if there is none.
    contact_id: Option<ContactId>,
}

/// Call with its request payload, transcript and analysis.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Call))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallView {
    #[serde(flatten)]
    summary: CallSummary,
    /// Values for the placeholders in the agent's templates.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    dynamic_variables: Map<String, Value>,
    /// Metadata of the request, unchanged; null if it had none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// Transcript of the call; null if there is none.
    transcript: Option<Vec<Utterance>>,
    /// Analysis of the call after its end; null if there is none.
    analysis: Option<Analysis>,
}

impl From<Call> for CallSummary {
    fn from(call: Call) -> Self {
        Self {
            duration_seconds: call.is_ended().then(|| call.duration_seconds()),
            recording_url: call.facts.recording.is_some().then(|| format!("/v1/calls/{}/recording", call.id)),
            conversation_id: call.id,
            channel: "voice",
            mode: call.scope.mode,
            status: call.status,
            agent_id: call.agent.id,
            agent_slug: call.agent.slug,
            to_number: call.to,
            from_number: call.from,
            provider: call.provider,
            provider_call_id: call.provider_call_id.map(|id| id.to_string()),
            not_before: call.window.not_before,
            not_after: call.window.not_after,
            created_at: call.created_at,
            started_at: call.started_at,
            ended_at: call.ended_at,
            end_reason: call.end_reason,
            ended_by: call.ended_by,
            answered_by: call.facts.answered_by,
            cost: call.facts.cost,
            contact_id: call.contact,
        }
    }
}

impl From<FullCall> for CallView {
    fn from(full: FullCall) -> Self {
        Self {
            dynamic_variables: full.content.dynamic_variables,
            metadata: full.content.metadata,
            transcript: full.transcript,
            analysis: full.call.facts.analysis.clone(),
            summary: full.call.into(),
        }
    }
}
