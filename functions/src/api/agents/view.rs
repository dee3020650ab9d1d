//! An agent as its owner sees it, and sends it: a change is a patch to what stands here.

use std::collections::BTreeMap;

use domain::agent::Agent;
use domain::ids::{AgentId, Channel, Mode};
use domain::limits::Limits;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::retention::Retention;
use domain::sms::{Kind, ModelSettings, Opening, SmsSettings};
use domain::tool::Tool;
use domain::voice_settings::VoiceSettings;
use serde::Serialize;
use serde_json::Value;

/// An agent.
#[derive(Debug, Serialize)]
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
    limits: Option<Limits>,
    /// For how many days what its conversations bring is kept; null where that is for good.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>))]
    retention_days: Option<Retention>,
    /// What an agent that calls says and does; null where nothing is set.
    voice: Option<VoiceSettings>,
    /// What an agent that holds SMS conversations is set to; null for one that calls.
    sms: Option<SmsView>,
    /// Signs the calls of its tools, as webhooks are signed. Shown once: in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_secret: Option<String>,
}

/// What an agent that holds SMS conversations is set to.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentSmsSettings), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsView {
    /// Who wrote its prompt. A custom agent may open conversations by itself; a managed one does not, and is the default.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Kind>))]
    kind: Kind,
    /// What its model is told about its task: a template for the request's variables, as in `{{firstName}}`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32000))]
    prompt: String,
    /// How a custom agent opens where the request brings no `welcomeMessage`.
    opening: Option<Opening>,
    /// Its model in live mode: required of a live agent that answers. Behind a test key a scripted one speaks.
    model: Option<ModelView>,
    /// What its model may call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Tool>>, max_items = 16))]
    tools: Vec<Tool>,
    /// How often tools may be called in one turn.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, maximum = 20, default = 5))]
    max_tool_calls: u32,
    /// The provider's own agent that holds the conversations, by the provider's id for it. For Retell only, whose agents take
    /// neither model nor tools nor fixed texts of ours.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    provider_agent_id: Option<String>,
    /// Whether somebody answers what a customer writes.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = true))]
    answers: bool,
    /// How long texts are gathered before a turn begins.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, maximum = 30000, default = 2000))]
    gathering_ms: u32,
    /// How long a conversation stays open without a text.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 60, maximum = 2592000, default = 86400))]
    inactivity_seconds: u32,
    /// How many answers it gives in one conversation; after that it is silent until a person hands the conversation back.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100))]
    max_turns: u32,
    /// How many texts it sends in one conversation in an hour; what it would say beyond that, it says later.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 600, default = 30))]
    max_messages_per_hour: u32,
    /// The answer to HELP and INFO, where the carrier gives none.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    help_text: Option<String>,
    /// The confirmation of an opt-out, where the carrier gives none.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    opt_out_text: Option<String>,
    /// What is sent where a turn fails for good.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    fallback_text: Option<String>,
}

/// A model: anything that understands OpenAI's chat completions.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentModel), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelView {
    /// Where it is to be had. Not needed where the secret of its key says so; where both do, the hosts have to be the same, and the
    /// secret's address counts.
    #[cfg_attr(feature = "openapi", schema(format = "uri", example = "https://api.openai.com/v1"))]
    base_url: Option<String>,
    /// Its name there.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    model: String,
    /// The name of its API key: the organization's own of that name, else the deployment's. Without one the model is asked without a
    /// key.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    key_name: Option<String>,
    /// How freely it speaks.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2))]
    temperature: Option<f64>,
    /// The most it may say at once, in tokens.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 4096, default = 500))]
    max_output_tokens: u32,
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
            limits: Some(agent.limits).filter(|_| agent.channel == Channel::Voice),
            retention_days: agent.retention,
            voice: agent.voice.clone(),
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

impl SmsView {
    fn new(settings: &SmsSettings) -> Self {
        let terms = settings.terms.clone();
        Self {
            kind: settings.kind,
            prompt: settings.prompt.clone(),
            opening: settings.opening.clone(),
            model: settings.model.as_ref().map(ModelView::new),
            tools: settings.tools.clone(),
            max_tool_calls: settings.max_tool_calls,
            provider_agent_id: settings.provider_agent_id.clone(),
            answers: terms.answers,
            gathering_ms: terms.gathering_ms,
            inactivity_seconds: terms.inactivity_seconds,
            max_turns: terms.max_turns,
            max_messages_per_hour: terms.max_messages_per_hour,
            help_text: terms.help_text,
            opt_out_text: terms.opt_out_text,
            fallback_text: terms.fallback_text,
        }
    }
}

impl ModelView {
    fn new(settings: &ModelSettings) -> Self {
        Self {
            base_url: settings.base_url.clone(),
            model: settings.model.clone(),
            key_name: settings.key_name.clone(),
            temperature: settings.temperature_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
            max_output_tokens: settings.max_output_tokens,
        }
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
