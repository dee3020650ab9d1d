//! An agent in requests and responses. An update is a JSON merge patch to this view.

use std::collections::BTreeMap;

use domain::agent::Agent;
use domain::ids::{AgentId, Channel, Mode};
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::retention::Retention;
use serde::Serialize;
use serde_json::Value;

use crate::api::agents::settings_view::{LimitsView, SmsView, VoiceView};

/// Agent that holds calls or SMS conversations.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Agent))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentView {
    /// Id of the agent. The test agent and the live agent of one slug have the same id.
    id: AgentId,
    /// Mode of the API keys that the agent serves.
    mode: Mode,
    /// Permanent name of the agent. Requests may name the agent by it.
    slug: String,
    /// Channel of the agent's conversations.
    channel: Channel,
    /// Version of the agent. Each change increases it by 1. A conversation keeps the version that it began with.
    version: u32,
    /// Display name of the agent.
    name: String,
    /// Provider of the agent's calls or SMS messages in live mode.
    provider: Provider,
    /// The agent's own phone number; null if each request names one.
    number: Option<PhoneNumber>,
    /// Id of the agent in another system, by which clients of the compatible APIs may name it; null if there is none.
    external_id: Option<String>,
    /// Instructions for an agent of the voice channel: a template with the request's dynamic variables.
    prompt: Option<String>,
    /// Names of the dynamic variables that each request must contain.
    required_variables: Vec<String>,
    /// Time limits of a call; null for an agent of the SMS channel.
    limits: Option<LimitsView>,
    /// Number of days for which conversation data is kept; null if it is kept forever.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>))]
    retention_days: Option<Retention>,
    /// Voice settings; null if there are none.
    voice: Option<VoiceView>,
    /// SMS settings; null for an agent of the voice channel.
    sms: Option<SmsView>,
    /// Secret that signs the agent's tool calls, by the same method as webhooks. Present only in the response to the request that
    /// generated it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_secret: Option<String>,
}

impl AgentView {
    /// Returns the agent as a key of this mode sees it.
    pub(crate) fn new(agent: &Agent, mode: Mode) -> Self {
        Self {
            id: agent.id,
            mode,
            slug: agent.slug.clone(),
            channel: agent.channel,
            version: agent.version,
            name: agent.name.clone(),
            provider: agent.provider,
            number: agent.number.clone(),
            external_id: agent.external_id.clone(),
            prompt: agent.prompt.clone(),
            required_variables: agent.required_variables.clone(),
            limits: (agent.channel == Channel::Voice).then(|| LimitsView::new(agent.limits)),
            retention_days: agent.retention,
            voice: agent.voice.as_ref().map(VoiceView::new),
            sms: agent.sms.as_ref().map(SmsView::new),
            tool_secret: None,
        }
    }

    /// Returns the agent, with its tool secret if the secret is new.
    pub(crate) fn with_new_secret(agent: &Agent, mode: Mode, before: Option<&Agent>) -> Self {
        let secret = |agent: &Agent| agent.sms.as_ref().and_then(|sms| sms.tool_secret.clone());
        let tool_secret = secret(agent).filter(|secret_now| before.and_then(secret).as_ref() != Some(secret_now));
        Self { tool_secret, ..Self::new(agent, mode) }
    }
}

/// Returns the changeable settings of an agent in the form of a request.
pub(crate) fn settings(agent: &Agent) -> Result<serde_json::Map<String, Value>, serde_json::Error> {
    let named: BTreeMap<String, Value> =
        serde_json::from_value(serde_json::to_value(AgentView::new(agent, agent.stored_as()))?)?;
    let fixed = ["id", "mode", "version"];
    Ok(named.into_iter().filter(|(name, value)| !fixed.contains(&name.as_str()) && !value.is_null()).collect())
}

/// Applies a JSON merge patch (RFC 7396): objects are merged, `null` removes a field, and any other value replaces it.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::merge;

    #[test]
    fn a_patch_merges_objects_replaces_lists_and_takes_away_what_is_null() {
        let mut settings = json!({"a": {"b": 1, "c": 2}, "list": [1, 2], "gone": true});
        merge(&mut settings, &json!({"a": {"b": 3, "c": null}, "list": [4], "gone": null, "new": {"x": 1, "y": null}}));
        assert_eq!(settings, json!({"a": {"b": 3}, "list": [4], "new": {"x": 1}}));
    }
}
