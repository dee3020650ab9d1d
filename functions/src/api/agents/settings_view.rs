//! The settings of an agent as clients see them, and send them.

use domain::limits::Limits;
use domain::sms::{Kind, ModelSettings, Opening, SmsSettings};
use domain::tool::Tool;
use domain::voice_settings::VoiceSettings;
use serde::Serialize;
use serde_json::Value;

/// How long a call may ring and last.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentLimits), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct LimitsView {
    /// How long it may ring.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 5, maximum = 120, default = 45))]
    ring_seconds: u32,
    /// How long it may last.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 30, maximum = 7200, default = 1800))]
    max_duration_seconds: u32,
}

/// What an agent that calls says and does, where its provider leaves that to us. Twilio needs one of `opening` and
/// `relayUrl`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentVoiceSettings), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct VoiceView {
    /// What is said once somebody answers: a template for the request's variables. Nothing is listened to.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 3000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<String>,
    /// The WebSocket that holds the conversation instead, by Twilio's ConversationRelay.
    #[cfg_attr(feature = "openapi", schema(max_length = 2048, example = "wss://example.com/relay"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    relay_url: Option<String>,
    /// The language it speaks, as a BCP 47 tag.
    #[cfg_attr(feature = "openapi", schema(min_length = 2, max_length = 35, example = "en-US"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Whether the provider records the call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = false))]
    record: bool,
    /// Whether the provider listens for whether a machine answered.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = false))]
    detect_machines: bool,
    /// The provider's own agent or assistant that holds the call, by the provider's id for it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_agent_id: Option<String>,
}

/// What an agent that holds SMS conversations is set to.
#[derive(Serialize)]
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
    opening: Option<OpeningView>,
    /// Its model in live mode: required of a live agent that answers. Behind a test key a scripted one speaks.
    model: Option<ModelView>,
    /// What its model may call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<ToolView>>, max_items = 16))]
    tools: Vec<ToolView>,
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

/// How a custom agent opens a conversation.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentOpening))]
#[serde(tag = "by", rename_all = "snake_case")]
pub(crate) enum OpeningView {
    /// By a text with the request's variables in it.
    Template {
        /// The template.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
        text: String,
    },
    /// By whatever its model says.
    Model,
}

/// A model: anything that understands OpenAI's chat completions.
#[derive(Serialize)]
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

/// A tool: what an agent's model may call, as a signed request.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentTool), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolView {
    /// What the model calls it by.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"))]
    name: String,
    /// What it does and when to call it, for the model.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    description: String,
    /// The JSON Schema of its arguments, at most 8 KiB; none by default.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    parameters: Value,
    /// Where calls are sent: as public as a webhook's. A call is a POST of `toolCallId`, `name`, `arguments`, `conversationId`, `turn`,
    /// `customerNumber`, `dynamicVariables` and `metadata`, signed with the agent's `toolSecret`.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2048))]
    url: String,
}

impl LimitsView {
    /// Returns the limits as clients see them.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { ring_seconds: limits.ring_seconds, max_duration_seconds: limits.max_duration_seconds }
    }
}

impl VoiceView {
    /// Returns the settings as clients see them.
    pub(crate) fn new(settings: &VoiceSettings) -> Self {
        Self {
            opening: settings.opening.clone(),
            relay_url: settings.relay_url.clone(),
            language: settings.language.clone(),
            record: settings.record,
            detect_machines: settings.detect_machines,
            provider_agent_id: settings.provider_agent_id.clone(),
        }
    }
}

impl SmsView {
    /// Returns the settings as clients see them.
    pub(crate) fn new(settings: &SmsSettings) -> Self {
        let terms = settings.terms.clone();
        Self {
            kind: settings.kind,
            prompt: settings.prompt.clone(),
            opening: settings.opening.as_ref().map(OpeningView::new),
            model: settings.model.as_ref().map(ModelView::new),
            tools: settings.tools.iter().map(ToolView::new).collect(),
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

impl OpeningView {
    fn new(opening: &Opening) -> Self {
        match opening {
            Opening::Template { text } => Self::Template { text: text.clone() },
            Opening::Model => Self::Model,
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

impl ToolView {
    fn new(tool: &Tool) -> Self {
        let Tool { name, description, parameters, url } = tool.clone();
        Self { name, description, parameters, url }
    }
}
