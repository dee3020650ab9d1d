//! What an agent that calls says and does, where its provider leaves that to us.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::provider::Provider;

/// The longest opening message, in characters: what Twilio's `<Say>` takes, with room for what escaping adds.
pub const LONGEST_OPENING: usize = 3_000;

/// What an agent that calls says and does, where its provider leaves that to us. Twilio needs one of `opening` and
/// `relayUrl`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentVoiceSettings))]
#[serde(rename_all = "camelCase")]
pub struct VoiceSettings {
    /// What is said once somebody answers: a template for the request's variables. Nothing is listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 3000))]
    pub opening: Option<String>,
    /// The WebSocket that holds the conversation instead, by Twilio's ConversationRelay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 2048, example = "wss://example.com/relay"))]
    pub relay_url: Option<String>,
    /// The language it speaks, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 2, max_length = 35, example = "en-US"))]
    pub language: Option<String>,
    /// Whether the provider records the call.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = false))]
    pub record: bool,
    /// Whether the provider listens for whether a machine answered.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = false))]
    pub detect_machines: bool,
    /// The provider's own agent or assistant that holds the call, by the provider's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub provider_agent_id: Option<String>,
}

/// Without the opening: it may hold a customer's name.
impl fmt::Debug for VoiceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceSettings")
            .field("relay", &self.relay_url.is_some())
            .field("record", &self.record)
            .field("detect_machines", &self.detect_machines)
            .finish_non_exhaustive()
    }
}

impl VoiceSettings {
    /// What is missing, or too much, for calls through a provider.
    pub fn problem(&self, provider: Provider) -> Option<&'static str> {
        match provider {
            Provider::Simulator | Provider::Retell => None,
            Provider::Twilio => match (&self.opening, &self.relay_url) {
                (Some(_), None) | (None, Some(_)) => None,
                (None, None) => Some("needs an opening, or a relayUrl"),
                (Some(_), Some(_)) => Some("takes an opening or a relayUrl, not both"),
            },
            Provider::Telnyx => match (&self.relay_url, &self.provider_agent_id) {
                (Some(_), None) | (None, Some(_)) => None,
                (None, None) => Some("needs a relayUrl, or a providerAgentId"),
                (Some(_), Some(_)) => Some("takes a relayUrl or a providerAgentId, not both"),
            },
            Provider::Vapi if self.provider_agent_id.is_none() => Some("needs a providerAgentId"),
            Provider::Vapi => None,
        }
    }
}
