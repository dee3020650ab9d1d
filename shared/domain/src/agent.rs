//! Agents, and the reference to an agent that a conversation keeps.

use serde::{Deserialize, Serialize};

use crate::digest::{digest_of, hex};
use crate::ids::{AgentId, Channel, Mode};
use crate::limits::Limits;
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::retention::Retention;
use crate::size::json_len;
use crate::sms::SmsSettings;
use crate::time::Timestamp;
use crate::voice_settings::VoiceSettings;

/// Largest agent, in bytes as it is stored.
pub const LARGEST_AGENT: usize = 320 * 1_024;

/// Agent that holds conversations: its number, its limits, and its settings for calls or SMS conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Id of the agent. It is derived from the slug and is the same in both modes.
    pub id: AgentId,
    /// Mode whose requests the agent serves. An agent that was stored before agents had a mode has `None` and is the
    /// live one. It also serves test keys until there is a test agent with its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Time from which the agent takes no new requests. A retired agent stays stored, so that its version numbers
    /// continue if it is created again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// Slug of the agent. It never changes.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// Channel of the agent's conversations.
    pub channel: Channel,
    /// Provider of the agent's telephony in live mode.
    pub provider: Provider,
    /// Number of the agent's version, which every change increases. A conversation keeps the version that it began
    /// with.
    pub version: u32,
    /// Own number of the agent. With one, a request's `fromNumber` is ignored; without one, it is required.
    pub number: Option<PhoneNumber>,
    /// Identifier of the agent in another vendor's API, if that vendor's clients use one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Template of the agent's instructions for a call. It is rendered with the request's variables when the call is
    /// accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Names of the dynamic variables that a request must contain.
    #[serde(default)]
    pub required_variables: Vec<String>,
    /// Longest ring time and duration of a call.
    pub limits: Limits,
    /// Retention of the data of the agent's conversations; `None` if it is kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Settings of an agent that calls through a live provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceSettings>,
    /// Settings of an agent that holds SMS conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsSettings>,
}

impl Agent {
    /// Returns the mode under which the agent is stored: as the live agent or as the test agent of its id.
    pub fn stored_as(&self) -> Mode {
        self.mode.unwrap_or(Mode::Live)
    }

    /// Returns `true` if the agent serves requests of a mode, provided that no other agent of its id has that mode.
    pub fn serves(&self, mode: Mode) -> bool {
        self.retired_at.is_none() && self.mode.is_none_or(|own| own == mode)
    }

    /// Returns the agent as retired, without its settings.
    #[must_use]
    pub fn retired(&self, at: Timestamp) -> Self {
        Self {
            id: self.id,
            mode: self.mode,
            retired_at: Some(at),
            slug: self.slug.clone(),
            name: self.name.clone(),
            channel: self.channel,
            provider: self.provider,
            version: self.version,
            number: None,
            external_id: None,
            prompt: None,
            required_variables: Vec::new(),
            limits: Limits::default(),
            retention: None,
            voice: None,
            sms: None,
        }
    }

    /// Returns the API name of the agent's largest setting, if the agent is too large to be stored.
    pub fn too_large(&self) -> Option<&'static str> {
        if json_len(self) <= LARGEST_AGENT {
            return None;
        }
        let sms = self.sms.as_ref();
        let sizes = [
            ("prompt", json_len(&self.prompt)),
            ("requiredVariables", json_len(&self.required_variables)),
            ("voice", json_len(&self.voice)),
            ("sms.tools", sms.map_or(0, |sms| json_len(&sms.tools))),
            ("sms.prompt", sms.map_or(0, |sms| json_len(&sms.prompt))),
        ];
        sizes.into_iter().max_by_key(|(_, size)| *size).map(|(name, _)| name)
    }

    /// Returns the names that other vendors' clients use for the agent: its number, its external id, and its id as an
    /// integer.
    pub fn aliases(&self) -> Vec<String> {
        let number = self.number.iter().map(|number| number.as_str().to_owned());
        number.chain(self.external_id.clone()).chain([self.id.reference().to_string()]).collect()
    }
}

/// Returns the digest that is the storage key of an agent's alias.
pub fn alias_digest(alias: &str) -> String {
    hex(&digest_of(&["agent alias", alias])[..16])
}

/// Reference to an agent, as it was when the conversation was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentRef {
    /// Id of the agent.
    pub id: AgentId,
    /// Slug of the agent.
    pub slug: String,
    /// Display name of the agent.
    #[serde(default)]
    pub name: String,
    /// Version of the agent.
    pub version: u32,
}
