//! Voice settings of an agent: speech and behaviour on a call, if the provider leaves them to us.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::provider::Provider;

/// Maximum length of an opening message, in characters. It is the limit of Twilio's `<Say>`, with room for escaping.
pub const LONGEST_OPENING: usize = 3_000;

/// Voice settings of an agent: speech and behaviour on a call, if the provider leaves them to us.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceSettings {
    /// Text that is spoken after the callee answers: a template for the request's variables. The callee is not listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<String>,
    /// WebSocket URL (`wss://…`) of a server that holds the conversation instead, by Twilio's ConversationRelay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_url: Option<String>,
    /// Language of the speech, as a BCP 47 tag such as `en-US`; `None` for the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// `true` if the provider records the call.
    #[serde(default)]
    pub record: bool,
    /// `true` if the provider detects answering machines.
    #[serde(default)]
    pub detect_machines: bool,
    /// Provider's id for its own agent or assistant that holds the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_agent_id: Option<String>,
}

/// Formats the settings without the opening, because it may contain a customer's name.
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
    /// Returns the missing or unsupported setting for calls through this provider; `None` if there is none.
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
