//! A call as clients see it.

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

/// A call, as it stands in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallSummary {
    /// Its id.
    conversation_id: ConversationId,
    /// A call is of the voice channel.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::ids::Channel))]
    channel: &'static str,
    /// The mode of the key it was asked for with.
    mode: Mode,
    /// Where it stands.
    status: Status,
    /// The agent's id.
    agent_id: AgentId,
    /// The agent's slug.
    agent_slug: String,
    /// The called number.
    to_number: PhoneNumber,
    /// The calling number.
    from_number: PhoneNumber,
    /// Who places it.
    provider: Provider,
    /// The provider's id for it.
    provider_call_id: Option<String>,
    /// Not dialled before.
    not_before: Timestamp,
    /// Not dialled from then on.
    not_after: Timestamp,
    /// When it was accepted.
    created_at: Timestamp,
    /// When it was answered.
    started_at: Option<Timestamp>,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// How long it lasted, from its answer to its end; 0 where nobody answered.
    duration_seconds: Option<u32>,
    /// Why it ended.
    end_reason: Option<EndReason>,
    /// Whose doing that was, where it is known.
    ended_by: Option<EndedBy>,
    /// Who answered.
    answered_by: Option<AnsweredBy>,
    /// Where its recording is to be had, as a path of this API.
    recording_url: Option<String>,
    /// What it cost.
    cost: Option<Cost>,
    /// The contact it was made for.
    contact_id: Option<ContactId>,
}

/// A call with everything known of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Call))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallView {
    #[serde(flatten)]
    summary: CallSummary,
    /// The values for the agent's placeholders.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    dynamic_variables: Map<String, Value>,
    /// What the request brought, untouched.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    /// What was said.
    transcript: Option<Vec<Utterance>>,
    /// What was made of it afterwards.
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
