//! The settings of an agent, as clients send and receive them.

use domain::limits::Limits;
use domain::sms::{Kind, ModelSettings, Opening, SmsSettings};
use domain::tool::Tool;
use domain::voice_settings::VoiceSettings;
use serde::Serialize;
use serde_json::Value;

/// Time limits of a call.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentLimits), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct LimitsView {
    /// Longest time for which a call rings, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 5, maximum = 120, default = 45))]
    ring_seconds: u32,
    /// Longest duration of an answered call, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 30, maximum = 7200, default = 1800))]
    max_duration_seconds: u32,
}

/// Voice settings of an agent, for providers that leave the conversation to this service. Twilio needs `opening` or `relayUrl`.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentVoiceSettings), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct VoiceView {
    /// Text that is spoken once the call is answered: a template with the request's dynamic variables. The callee's answer is not
    /// processed.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 3000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<String>,
    /// URL of the WebSocket that holds the conversation instead of `opening`, by Twilio's ConversationRelay. It must begin with `wss://`.
    #[cfg_attr(feature = "openapi", schema(max_length = 2048, example = "wss://example.com/relay"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    relay_url: Option<String>,
    /// Language that the agent speaks, as a BCP 47 tag.
    #[cfg_attr(feature = "openapi", schema(min_length = 2, max_length = 35, example = "en-US"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// `true` if the provider records the call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = false))]
    record: bool,
    /// `true` if the provider detects answering machines.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = false))]
    detect_machines: bool,
    /// Id of the provider's own agent or assistant that holds the call.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_agent_id: Option<String>,
}

/// SMS settings of an agent.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentSmsSettings), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmsView {
    /// Kind of the agent. A `managed` agent, the default, needs a `welcomeMessage` in each request. A `custom` agent may open
    /// conversations
    /// by itself.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Kind>))]
    kind: Kind,
    /// Instructions for the model: a template with the request's dynamic variables, as in `{{firstName}}`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32000))]
    prompt: String,
    /// Source of the opening message of a custom agent, for requests without `welcomeMessage`.
    opening: Option<OpeningView>,
    /// Language model in live mode. Required for a live agent that answers. In test mode, a scripted model answers.
    model: Option<ModelView>,
    /// Tools that the model may call.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<ToolView>>, max_items = 16))]
    tools: Vec<ToolView>,
    /// Maximum number of tool calls in one turn.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, maximum = 20, default = 5))]
    max_tool_calls: u32,
    /// Id of the provider's own agent that holds the conversations. For Retell only: its agents use neither the model nor the tools nor
    /// the fixed messages configured here.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    provider_agent_id: Option<String>,
    /// `true` if customers' messages are answered.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = true))]
    answers: bool,
    /// Time for which incoming messages are gathered before the agent answers, in milliseconds.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, maximum = 30000, default = 2000))]
    gathering_ms: u32,
    /// Time without a message after which a conversation is closed, in seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 60, maximum = 2592000, default = 86400))]
    inactivity_seconds: u32,
    /// Maximum number of answers in one conversation. After that, the agent is silent until a person hands the conversation back.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100))]
    max_turns: u32,
    /// Maximum number of messages in one conversation and hour. The agent sends further messages later.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 600, default = 30))]
    max_messages_per_hour: u32,
    /// Answer to HELP and INFO, if the carrier sends none.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    help_text: Option<String>,
    /// Confirmation of an opt-out, if the carrier sends none.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    opt_out_text: Option<String>,
    /// Message that is sent if a turn fails permanently.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
    fallback_text: Option<String>,
}

/// Source of a custom agent's opening message.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentOpening))]
#[serde(tag = "by", rename_all = "snake_case")]
pub(crate) enum OpeningView {
    /// Template, rendered with the request's dynamic variables.
    Template {
        /// Text of the template.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
        text: String,
    },
    /// Message that the model writes.
    Model,
}

/// Language model with an API that is compatible with OpenAI's chat completions.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentModel), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelView {
    /// Base URL of the API. Not needed if the secret of the API key contains one. If both are set, their hosts must be the same, and the
    /// URL in the secret is used.
    #[cfg_attr(feature = "openapi", schema(format = "uri", example = "https://api.openai.com/v1"))]
    base_url: Option<String>,
    /// Name of the model in that API.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    model: String,
    /// Name of the API key. The organization's key of that name is used, otherwise the deployment's. Without a name, requests to the
    /// model carry no key.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    key_name: Option<String>,
    /// Sampling temperature; null if it is left to the model's API.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2))]
    temperature: Option<f64>,
    /// Maximum length of one answer, in tokens.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 4096, default = 500))]
    max_output_tokens: u32,
}

/// Tool that the agent's model may call. A call is a signed request.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentTool), serde(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolView {
    /// Name by which the model calls the tool.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"))]
    name: String,
    /// Description for the model of what the tool does and when to call it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    description: String,
    /// JSON Schema of the arguments, at most 8 KiB; by default the tool has no arguments.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    parameters: Value,
    /// URL that receives the calls. The rules for webhook URLs apply. A call is a POST of `toolCallId`, `name`, `arguments`,
    /// `conversationId`, `turn`, `customerNumber`, `dynamicVariables` and `metadata`. It is signed with the agent's `toolSecret`.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2048))]
    url: String,
}

impl LimitsView {
    /// Returns the limits for a response.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { ring_seconds: limits.ring_seconds, max_duration_seconds: limits.max_duration_seconds }
    }
}

impl VoiceView {
    /// Returns the settings for a response.
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
    /// Returns the settings for a response.
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
