//! Settings of an agent that holds SMS conversations.

use serde::{Deserialize, Serialize};

use crate::ids::Mode;
use crate::provider::Provider;
use crate::time::Span;
use crate::tool::Tool;

/// Default for the maximum number of answers in one conversation: more than people have patience for.
pub const USUAL_TURNS: u32 = 100;

/// Default for the maximum number of messages in one conversation and hour: one every two minutes.
pub const USUAL_MESSAGES_PER_HOUR: u32 = 30;

/// Returns the limit for conversations that were stored before there was one.
const fn usual_turns() -> u32 {
    USUAL_TURNS
}

/// Returns the hourly limit for conversations that were stored before there was one.
const fn usual_messages_per_hour() -> u32 {
    USUAL_MESSAGES_PER_HOUR
}

/// Author of an agent's prompt. It determines who writes the opening message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Managed for the organization: every request brings the opening message, as `welcomeMessage`.
    #[default]
    Managed,
    /// Made by the organization: the opening message may also come from a template or from the model.
    Custom,
}

/// Source of a custom agent's opening message, if the request brings no `welcomeMessage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Opening {
    /// Template, rendered with the request's variables.
    Template {
        /// Text of the template.
        text: String,
    },
    /// Answer of the agent's model.
    Model,
}

/// Model that speaks for an agent in live mode: any API that understands OpenAI's chat completions. In test mode, a
/// scripted model speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelSettings {
    /// Base URL of the API, such as `https://api.openai.com/v1`; `None` if the secret with the API key contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Name of the model at this API.
    pub model: String,
    /// Name of the API key among the secrets of the organization or of the deployment; `None` for a model without a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// Temperature, in hundredths: 70 stands for 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_hundredths: Option<u16>,
    /// Maximum length of one completion, in tokens.
    pub max_output_tokens: u32,
}

/// Settings of an agent that holds SMS conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmsSettings {
    /// Author of the agent's prompt.
    #[serde(default)]
    pub kind: Kind,
    /// Prompt of the model: a template for the request's variables.
    pub prompt: String,
    /// Source of the opening message, if the request brings none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// Model in live mode. An agent that answers needs one there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSettings>,
    /// Tools that the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Secret that signs the agent's tool calls, as `whsec_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_secret: Option<String>,
    /// Maximum number of tool calls in one turn.
    pub max_tool_calls: u32,
    /// Provider's id for its own agent that holds the conversations in live mode. Without it, the agent that is bound to
    /// our number holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_agent_id: Option<String>,
    /// Timing, limits and fixed texts of the agent.
    pub terms: Terms,
}

impl SmsSettings {
    /// Returns `true` if an agent would have to write messages in this mode without a model. In test mode, a scripted model
    /// writes. Agents of some providers write themselves.
    pub fn lacks_model(&self, mode: Mode, provider: Provider) -> bool {
        let speaks = self.terms.answers || self.opening == Some(Opening::Model);
        mode == Mode::Live && !provider.holds_chats() && speaks && self.model.is_none()
    }

    /// Returns the error in these settings for conversations through this provider; `None` if the provider supports them.
    pub fn problem(&self, provider: Provider) -> Option<&'static str> {
        if !provider.holds_chats() {
            return self.provider_agent_id.as_ref().map(|_| "takes no providerAgentId: the provider has no agents");
        }
        let Terms { answers, help_text, opt_out_text, fallback_text, .. } = &self.terms;
        let texts = [help_text, opt_out_text, fallback_text];
        if self.opening == Some(Opening::Model) {
            Some("takes no opening by a model: the provider's agent says what it is given")
        } else if self.model.is_some() || !self.tools.is_empty() {
            Some("takes neither model nor tools: the provider's agent has its own")
        } else if !answers || texts.iter().any(|text| text.is_some()) {
            Some("takes neither answers: false nor fixed texts: the provider's agent answers everything")
        } else {
            None
        }
    }
}

/// Timing, limits and fixed texts of an agent. A conversation keeps them as they were when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// `true` if the customer's messages are answered.
    pub answers: bool,
    /// Time for which messages are gathered before a turn begins, in milliseconds.
    pub gathering_ms: u32,
    /// Time without a message after which a conversation is closed, in seconds.
    pub inactivity_seconds: u32,
    /// Maximum number of answers in one conversation.
    #[serde(default = "usual_turns")]
    pub max_turns: u32,
    /// Maximum number of messages in one conversation and hour.
    #[serde(default = "usual_messages_per_hour")]
    pub max_messages_per_hour: u32,
    /// Answer to HELP and INFO, if the carrier gives none. Without it, both are ordinary messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help_text: Option<String>,
    /// Confirmation of an opt-out, if the carrier gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out_text: Option<String>,
    /// Message that is sent if a turn fails for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_text: Option<String>,
}

impl Terms {
    /// Returns the time for which messages are gathered before a turn begins.
    pub(super) fn gathering(&self) -> Span {
        Span::milliseconds(self.gathering_ms)
    }

    /// Returns the time without a message after which a conversation is closed.
    pub(super) fn inactivity(&self) -> Span {
        Span::seconds(self.inactivity_seconds)
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            answers: true,
            gathering_ms: 2_000,
            inactivity_seconds: 24 * 3_600,
            max_turns: USUAL_TURNS,
            max_messages_per_hour: USUAL_MESSAGES_PER_HOUR,
            help_text: None,
            opt_out_text: None,
            fallback_text: None,
        }
    }
}

/// Agent snapshot of a conversation: the settings for its turns, as they were when the conversation began. The prompt is
/// rendered with the request's variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// Prompt of the model, rendered.
    pub prompt: String,
    /// Model in live mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSettings>,
    /// Tools that the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Secret that signs the tool calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_secret: Option<String>,
    /// Maximum number of tool calls in one turn.
    pub max_tool_calls: u32,
    /// Provider's id for its own agent that holds the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_agent_id: Option<String>,
}
