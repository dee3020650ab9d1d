//! An agent as its owner sees it, and sends it: a change is a patch to what stands here.

use std::collections::BTreeMap;

use domain::agent::Agent;
use domain::ids::{AgentId, Channel, Mode};
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::retention::Retention;
use serde::Serialize;
use serde_json::Value;

use crate::api::agents::settings_view::{LimitsView, SmsView, VoiceView};

/// An agent.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Agent))]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentView {
    /// Its id: the same for the test agent and the live agent of its slug.
    id: AgentId,
    /// The mode whose requests it serves.
    mode: Mode,
    /// Its name for life, by which requests may ask for it.
    slug: String,
    /// Which kind of conversation it holds.
    channel: Channel,
    /// Counts the changes to it: a conversation keeps the version it began with.
    version: u32,
    /// What people call it.
    name: String,
    /// Who provides its telephony in live mode.
    provider: Provider,
    /// Its own number; null where each request brings one.
    number: Option<PhoneNumber>,
    /// What other vendors' clients call it by; null where they call it by its id or slug.
    external_id: Option<String>,
    /// What an agent that calls is told about its task: a template for the request's variables.
    prompt: Option<String>,
    /// The dynamic variables that a request must bring.
    required_variables: Vec<String>,
    /// How long a call may ring and last; null for an agent that holds SMS conversations.
    limits: Option<LimitsView>,
    /// For how many days what its conversations bring is kept; null where that is for good.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>))]
    retention_days: Option<Retention>,
    /// What an agent that calls says and does; null where nothing is set.
    voice: Option<VoiceView>,
    /// What an agent that holds SMS conversations is set to; null for one that calls.
    sms: Option<SmsView>,
    /// Signs the calls of its tools, as webhooks are signed. Shown once: in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_secret: Option<String>,
}

impl AgentView {
    /// The agent as a key of this mode sees it.
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

    /// The agent, with the secret of its tools where that is not the one it had before.
    pub(crate) fn with_new_secret(agent: &Agent, mode: Mode, before: Option<&Agent>) -> Self {
        let secret = |agent: &Agent| agent.sms.as_ref().and_then(|sms| sms.tool_secret.clone());
        let tool_secret = secret(agent).filter(|secret_now| before.and_then(secret).as_ref() != Some(secret_now));
        Self { tool_secret, ..Self::new(agent, mode) }
    }
}

/// The settings of an agent that can be changed, as a request would send them.
pub(crate) fn settings(agent: &Agent) -> Result<serde_json::Map<String, Value>, serde_json::Error> {
    let named: BTreeMap<String, Value> =
        serde_json::from_value(serde_json::to_value(AgentView::new(agent, agent.stored_as()))?)?;
    let fixed = ["id", "mode", "version"];
    Ok(named.into_iter().filter(|(name, value)| !fixed.contains(&name.as_str()) && !value.is_null()).collect())
}

/// A JSON merge patch (RFC 7396): objects are merged, `null` takes away, anything else replaces.
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
