//! What an agent that holds SMS conversations is set to.

use serde::{Deserialize, Serialize};

use crate::ids::Mode;
use crate::provider::Provider;
use crate::time::Span;
use crate::tool::Tool;

/// How many answers an agent gives in one conversation where nothing is said: more than people have patience for.
pub const USUAL_TURNS: u32 = 100;

/// How many texts an agent sends in one conversation in an hour where nothing is said: one every two minutes.
pub const USUAL_MESSAGES_PER_HOUR: u32 = 30;

/// What conversations that were stored before there was a bound are held to.
const fn usual_turns() -> u32 {
    USUAL_TURNS
}

/// The same, for an hour.
const fn usual_messages_per_hour() -> u32 {
    USUAL_MESSAGES_PER_HOUR
}

/// Who wrote an agent's prompt: it decides who writes its opening text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Managed for its organization: every request brings the opening text, as `welcomeMessage`.
    #[default]
    Managed,
    /// The organization's own: it may open by a template, or by its model.
    Custom,
}

/// How a custom agent opens a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentOpening))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Opening {
    /// By a text with the request's variables in it.
    Template {
        /// The template.
        #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1600))]
        text: String,
    },
    /// By whatever its model says.
    Model,
}

/// The model that speaks for an agent in live mode: anything that understands OpenAI's chat completions. Behind a test
/// key a scripted one speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelSettings {
    /// Where it is to be had, such as `https://api.openai.com/v1`; nothing where its key's secret says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its name there.
    pub model: String,
    /// The name under which the organization's own secrets, or the deployment's, keep its API key; none for a model that wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// How freely it speaks, in hundredths: 70 stands for a temperature of 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_hundredths: Option<u16>,
    /// The most it may say at once, in tokens.
    pub max_output_tokens: u32,
}

/// What an agent that holds SMS conversations is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmsSettings {
    /// Who wrote its prompt.
    #[serde(default)]
    pub kind: Kind,
    /// What its model is told about its task: a template for the request's variables.
    pub prompt: String,
    /// How it opens where the request brings no opening text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// Its model in live mode: required there of an agent that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSettings>,
    /// The tools that its model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Signs the calls of its tools, as `whsec_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_secret: Option<String>,
    /// How often tools may be called in one turn.
    pub max_tool_calls: u32,
    /// The provider's own agent that holds its conversations in live mode, by its id there; without one, the agent that our
    /// number is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_agent_id: Option<String>,
    /// Its timing and its fixed texts.
    pub terms: Terms,
}

impl SmsSettings {
    /// Whether an agent of a mode would have to answer without anything to answer by. Behind a test key a scripted model
    /// speaks, and some providers' own agents do.
    pub fn lacks_model(&self, mode: Mode, provider: Provider) -> bool {
        let speaks = self.terms.answers || self.opening == Some(Opening::Model);
        mode == Mode::Live && !provider.holds_chats() && speaks && self.model.is_none()
    }

    /// What is too much, for conversations through a provider.
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

/// An agent's timing and fixed texts, as a conversation keeps them from its beginning on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Whether somebody answers what a customer writes.
    pub answers: bool,
    /// How long texts are gathered before a turn begins.
    pub gathering_ms: u32,
    /// How long a conversation stays open without a text.
    pub inactivity_seconds: u32,
    /// How many answers it gives in one conversation.
    #[serde(default = "usual_turns")]
    pub max_turns: u32,
    /// How many texts it sends in one conversation in an hour.
    #[serde(default = "usual_messages_per_hour")]
    pub max_messages_per_hour: u32,
    /// The answer to HELP and INFO, where the carrier gives none; without it they are ordinary texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help_text: Option<String>,
    /// The confirmation of an opt-out, where the carrier gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out_text: Option<String>,
    /// What is sent where a turn fails for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_text: Option<String>,
}

impl Terms {
    /// How long texts are gathered before a turn begins.
    pub(super) fn gathering(&self) -> Span {
        Span::milliseconds(self.gathering_ms)
    }

    /// How long a conversation stays open without a text.
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

/// What a turn is held by: the agent's settings as they were when the conversation began, its prompt with the request's
/// variables in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// What the model is told about its task.
    pub prompt: String,
    /// Its model in live mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSettings>,
    /// The tools that it may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Signs the calls of its tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_secret: Option<String>,
    /// How often tools may be called in one turn.
    pub max_tool_calls: u32,
    /// The provider's own agent that holds the conversation, by its id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_agent_id: Option<String>,
}
