//! What an organization's administrators send.

use domain::ids::Channel;
use domain::key::Permission;
use domain::log::EventType;
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::sms::Kind;
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What is to be changed of an endpoint. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateWebhookRequest)]
#[expect(dead_code, reason = "describes the fields that `api::update_webhook` reads one by one")]
pub(in crate::openapi) struct UpdateWebhook {
    /// Where events go, as when it was registered.
    #[schema(format = "uri", max_length = 2048, nullable = false)]
    url: Option<String>,
    /// Which events it gets.
    #[schema(min_items = 1, nullable = false)]
    events: Option<Vec<EventType>>,
    /// Whether it gets events.
    #[schema(nullable = false)]
    is_active: Option<bool>,
    /// The same as `isActive`, which counts where both are sent.
    #[serde(rename = "is_active")]
    #[schema(nullable = false)]
    is_active_for_pam: Option<bool>,
}

/// From when on what failed is to be sent again.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RedeliverWebhookRequest)]
#[expect(dead_code, reason = "describes the field that `api::redeliver_webhook` reads")]
pub(in crate::openapi) struct RedeliverWebhook {
    /// Events that happened from this moment on.
    since: Timestamp,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateApiKeyRequest)]
#[expect(dead_code, reason = "describes the fields that `api::create_api_key` reads one by one")]
pub(in crate::openapi) struct CreateApiKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do: nothing that the key of the request may not. Left out, it may do all of that.
    #[schema(min_items = 1)]
    permissions: Option<Vec<Permission>>,
    /// How many requests it may make in a minute. Left out: as many as the key of the request.
    #[schema(minimum = 1, maximum = 1_000_000)]
    requests_per_minute: Option<u32>,
    /// How many calls it may place on a day, by UTC. Left out: as many as the key of the request.
    #[schema(minimum = 1, maximum = 10_000_000)]
    calls_per_day: Option<u32>,
    /// From when on it opens nothing: no later than the key of the request expires. Left out, it expires with that one, or not at
    /// all.
    expires_at: Option<Timestamp>,
    /// The same as `expiresAt`, which counts where both are sent.
    #[serde(rename = "expires_at")]
    expires_at_for_pam: Option<Timestamp>,
}

/// How a key is revoked.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RevokeApiKeyRequest)]
#[expect(dead_code, reason = "describes the field that `api::revoke_api_key` reads")]
pub(in crate::openapi) struct RevokeApiKey {
    /// Revokes the keys that were made with it, too, directly or not. Left out, they stay valid.
    with_descendants: Option<bool>,
}

/// An agent to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateAgentRequest)]
#[expect(dead_code, reason = "describes the fields that `api::agent_fields` reads one by one")]
pub(in crate::openapi) struct CreateAgent {
    /// Its name for life: lower-case letters, digits and hyphens, with no hyphen at its ends.
    #[schema(min_length = 1, max_length = 64, example = "front-desk")]
    slug: String,
    /// Which kind of conversation it holds, for life.
    channel: Channel,
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Who provides its telephony in live mode; the simulator by default.
    provider: Option<Provider>,
    /// Its own number. A live agent's is one of the organization's.
    number: Option<PhoneNumber>,
    /// The dynamic variables that a request must bring.
    #[schema(max_items = 100)]
    required_variables: Option<Vec<String>>,
    /// What other vendors' clients call it by.
    #[schema(min_length = 1, max_length = 255)]
    external_id: Option<String>,
    /// What an agent that calls is told about its task: a template for the request's variables.
    #[schema(min_length = 1, max_length = 32000)]
    prompt: Option<String>,
    /// How long a call may ring and last; for agents that call.
    limits: Option<AgentLimits>,
    /// For how many days what its conversations bring is kept: each text, event and transcript so long after it was written, the
    /// rest so long after the conversation's end. Then only the conversation's head is left, for 30 days. For good by default.
    #[schema(minimum = 7, maximum = 3650)]
    retention_days: Option<u16>,
    /// For agents that call through a live provider.
    voice: Option<AgentVoice>,
    /// For agents that hold SMS conversations, which need them.
    sms: Option<AgentSms>,
}

/// What is to be changed of an agent, as a JSON merge patch (RFC 7396): objects are merged, lists are replaced, `null`
/// takes a setting back to what it is by default.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UpdateAgentRequest)]
#[expect(dead_code, reason = "describes the fields that `api::agent_fields` reads one by one")]
pub(in crate::openapi) struct UpdateAgent {
    /// Cannot be changed; the same may be sent again.
    slug: Option<String>,
    /// Cannot be changed; the same may be sent again.
    channel: Option<Channel>,
    /// What people call it.
    name: Option<String>,
    /// Who provides its telephony in live mode.
    provider: Option<Provider>,
    /// Its own number.
    number: Option<PhoneNumber>,
    /// The dynamic variables that a request must bring.
    required_variables: Option<Vec<String>>,
    /// What other vendors' clients call it by.
    external_id: Option<String>,
    /// What an agent that calls is told about its task.
    prompt: Option<String>,
    /// How long a call may ring and last.
    #[schema(value_type = Option<Object>)]
    limits: Option<Value>,
    /// For how many days what its conversations bring is kept; what it holds already keeps the retention it began with.
    #[schema(minimum = 7, maximum = 3650)]
    retention_days: Option<u16>,
    /// Any part of what an agent that calls says and does.
    #[schema(value_type = Option<Object>)]
    voice: Option<Value>,
    /// Any part of what an agent that holds SMS conversations is set to.
    #[schema(value_type = Option<Object>)]
    sms: Option<Value>,
}

/// What is to be other than the test agent has it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PromoteAgentRequest)]
#[expect(dead_code, reason = "describes the field that `api::promote_agent` reads")]
pub(in crate::openapi) struct PromoteAgent {
    /// The live agent's own number, one of the organization's; `null` for none. The test agent's where this is left out.
    number: Option<PhoneNumber>,
}

/// How long a call may ring and last.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the fields that `api::agent_fields` reads one by one")]
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
#[expect(dead_code, reason = "describes the fields that `api::voice_settings_fields` reads one by one")]
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
#[expect(dead_code, reason = "describes the fields that `api::sms_settings_fields` reads one by one")]
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
#[expect(dead_code, reason = "describes the fields that `api::sms_settings_fields` reads one by one")]
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
#[expect(dead_code, reason = "describes the fields that `api::sms_settings_fields` reads one by one")]
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
#[expect(dead_code, reason = "describes the fields that `api::sms_settings_fields` reads one by one")]
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
