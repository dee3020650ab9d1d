//! A call as clients see it.

use std::collections::BTreeMap;

use domain::call::{Analysis, AnsweredBy, Call, Cost, EndReason, Status, Utterance};
use domain::ids::{AgentId, ConversationId, Mode};
use domain::organization::Provider;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use store::FullCall;

/// A call, as it stands in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallSummary {
    conversation_id: ConversationId,
    #[cfg_attr(feature = "openapi", schema(value_type = domain::ids::Channel))]
    channel: &'static str,
    mode: Mode,
    status: Status,
    agent_id: AgentId,
    agent_slug: String,
    to_number: PhoneNumber,
    from_number: PhoneNumber,
    provider: Provider,
    provider_call_id: Option<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    duration_seconds: Option<u32>,
    end_reason: Option<EndReason>,
    answered_by: Option<AnsweredBy>,
    recording_url: Option<String>,
    cost: Option<Cost>,
}

/// A call with everything known of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Call))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallView {
    #[serde(flatten)]
    summary: CallSummary,
    dynamic_variables: BTreeMap<String, String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    metadata: Option<Box<RawValue>>,
    transcript: Option<Vec<Utterance>>,
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
            answered_by: call.facts.answered_by,
            cost: call.facts.cost,
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
