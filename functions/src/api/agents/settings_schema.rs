//! The settings of an agent, as the OpenAPI document shows them.

use domain::sms::Kind;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How long a call may ring and last.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the fields that `fields.rs` reads one by one")]
pub(crate) struct AgentLimits {
    /// How long it may ring.
    #[schema(minimum = 5, maximum = 120, default = 45)]
    ring_seconds: Option<u32>,
    /// How long it may last.
    #[schema(minimum = 30, maximum = 7200, default = 1800)]
    max_duration_seconds: Option<u32>,
}

/// What an agent that calls says and does, where its provider leaves that to us. Twilio needs one of `opening` and
/// `relayUrl`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AgentVoiceSettings)]
#[expect(dead_code, reason = "describes the fields that `voice_settings.rs` reads one by one")]
pub(crate) struct AgentVoice {
    /// What is said once somebody answers: a template for the request's variables. Nothing is listened to.
    #[schema(min_length = 1, max_length = 3000)]
    opening: Option<String>,
    /// The WebSocket that holds the conversation instead, by Twilio's ConversationRelay.
    #[schema(max_length = 2048, example = "wss://example.com/relay")]
    relay_url: Option<String>,
    /// The language it speaks, as a BCP 47 tag.
    #[schema(min_length = 2, max_length = 35, example = "en-US")]
    language: Option<String>,
    /// Whether the provider records the call.
    #[schema(default = false)]
    record: Option<bool>,
    /// Whether the provider listens for whether a machine answered.
    #[schema(default = false)]
    detect_machines: Option<bool>,
    /// The provider's own agent or assistant that holds the call, by the provider's id for it.
    #[schema(min_length = 1, max_length = 200)]
    provider_agent_id: Option<String>,
}

/// What an agent that holds SMS conversations is set to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AgentSmsSettings)]
#[expect(dead_code, reason = "describes the fields that `sms_settings.rs` reads one by one")]
pub(crate) struct AgentSms {
    /// Who wrote its prompt. A custom agent may open conversations by itself; a managed one does not, and is the default.
    kind: Option<Kind>,
    /// What its model is told about its task: a template for the request's variables, as in `{{firstName}}`.
    #[schema(min_length = 1, max_length = 32000)]
    prompt: String,
    /// How a custom agent opens where the request brings no `welcomeMessage`.
    opening: Option<AgentOpening>,
    /// Its model in live mode: required of a live agent that answers. Behind a test key a scripted one speaks.
    model: Option<AgentModel>,
    /// What its model may call.
    #[schema(max_items = 16)]
    tools: Option<Vec<AgentTool>>,
    /// How often tools may be called in one turn.
    #[schema(maximum = 20, default = 5)]
    max_tool_calls: Option<u32>,
    /// The provider's own agent that holds the conversations, by the provider's id for it. For Retell only, whose agents take
    /// neither model nor tools nor fixed texts of ours.
    #[schema(min_length = 1, max_length = 200)]
    provider_agent_id: Option<String>,
    /// Whether somebody answers what a customer writes.
    #[schema(default = true)]
    answers: Option<bool>,
    /// How long texts are gathered before a turn begins.
    #[schema(maximum = 30000, default = 2000)]
    gathering_ms: Option<u32>,
    /// How long a conversation stays open without a text.
    #[schema(minimum = 60, maximum = 2592000, default = 86400)]
    inactivity_seconds: Option<u32>,
    /// How many answers it gives in one conversation; after that it is silent until a person hands the conversation back.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    max_turns: Option<u32>,
    /// How many texts it sends in one conversation in an hour; what it would say beyond that, it says later.
    #[schema(minimum = 1, maximum = 600, default = 30)]
    max_messages_per_hour: Option<u32>,
    /// The answer to HELP and INFO, where the carrier gives none.
    #[schema(min_length = 1, max_length = 1600)]
    help_text: Option<String>,
    /// The confirmation of an opt-out, where the carrier gives none.
    #[schema(min_length = 1, max_length = 1600)]
    opt_out_text: Option<String>,
    /// What is sent where a turn fails for good.
    #[schema(min_length = 1, max_length = 1600)]
    fallback_text: Option<String>,
}

/// How a custom agent opens a conversation.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the fields that `sms_settings.rs` reads one by one")]
pub(crate) enum AgentOpening {
    /// By a text with the request's variables in it.
    Template {
        /// The template.
        #[schema(min_length = 1, max_length = 1600)]
        text: String,
    },
    /// By whatever its model says.
    Model,
}

/// A model: anything that understands OpenAI's chat completions.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the fields that `sms_settings.rs` reads one by one")]
pub(crate) struct AgentModel {
    /// Where it is to be had. Not needed where the secret of its key says so; where both do, the hosts have to be the same, and the
    /// secret's address counts.
    #[schema(format = "uri", example = "https://api.openai.com/v1")]
    base_url: Option<String>,
    /// Its name there.
    #[schema(min_length = 1, max_length = 200)]
    model: String,
    /// The name of its API key: the organization's own of that name, else the deployment's. Without one the model is asked without a
    /// key.
    #[schema(min_length = 1, max_length = 200)]
    key_name: Option<String>,
    /// How freely it speaks.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    /// The most it may say at once, in tokens.
    #[schema(minimum = 1, maximum = 4096, default = 500)]
    max_output_tokens: Option<u32>,
}

/// A tool: what an agent's model may call, as a signed request.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the fields that `sms_settings.rs` reads one by one")]
pub(crate) struct AgentTool {
    /// What the model calls it by.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    name: String,
    /// What it does and when to call it, for the model.
    #[schema(min_length = 1, max_length = 1024)]
    description: String,
    /// The JSON Schema of its arguments, at most 8 KiB; none by default.
    #[schema(value_type = Option<Object>)]
    parameters: Option<Value>,
    /// Where calls are sent: as public as a webhook's. A call is a POST of `toolCallId`, `name`, `arguments`, `conversationId`, `turn`,
    /// `customerNumber`, `dynamicVariables` and `metadata`, signed with the agent's `toolSecret`.
    #[schema(format = "uri", max_length = 2048)]
    url: String,
}
