//! Agents, and an agent as a conversation remembers it.

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

/// The largest agent, in bytes as it is stored.
pub const LARGEST_AGENT: usize = 320 * 1_024;

/// What holds a conversation: its voice or its texts, its number, its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id, which follows from its slug: the same in both modes.
    pub id: AgentId,
    /// The mode whose requests it serves. An agent that was stored before agents had a mode has none: it is the live one, and
    /// serves test keys too until there is a test agent of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Since when it takes no new requests. It stays stored, so that its versions go on being counted should it be made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// Its name for life.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// Which kind of conversation it holds.
    pub channel: Channel,
    /// Who provides its telephony in live mode.
    pub provider: Provider,
    /// Counts the changes to it: a conversation keeps the version it began with.
    pub version: u32,
    /// Its own number. A request's `fromNumber` is ignored where there is one, and required where there is none.
    pub number: Option<PhoneNumber>,
    /// What another vendor's clients know it by, where they bring such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What it is told before a call: a template, rendered with the request's variables when the call is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The dynamic variables a request must bring.
    #[serde(default)]
    pub required_variables: Vec<String>,
    /// How long a call may ring and last.
    pub limits: Limits,
    /// For how long what its conversations bring is kept; for good where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// What an agent that calls through a live provider says and does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceSettings>,
    /// What an agent that holds SMS conversations is set to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsSettings>,
}

impl Agent {
    /// Where it is stored: as the live agent of its id, or as the test agent.
    pub fn stored_as(&self) -> Mode {
        self.mode.unwrap_or(Mode::Live)
    }

    /// Whether it serves requests of a mode, where there is no other agent of its id and that mode.
    pub fn serves(&self, mode: Mode) -> bool {
        self.retired_at.is_none() && self.mode.is_none_or(|own| own == mode)
    }

    /// The same agent, retired. Of its settings nothing is kept.
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

    /// The setting that makes it too large to be stored, where it is: the largest of them, by its name in the API.
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

    /// What other vendors' clients name it by: their own identifier for it, the number it calls from, and its id as a
    /// whole number.
    pub fn aliases(&self) -> Vec<String> {
        let number = self.number.iter().map(|number| number.as_str().to_owned());
        number.chain(self.external_id.clone()).chain([self.id.reference().to_string()]).collect()
    }
}

/// The digest under which another name of an agent's is found.
pub fn alias_digest(alias: &str) -> String {
    hex(&digest_of(&["agent alias", alias])[..16])
}

/// The agent, as it was when the conversation was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentRef {
    /// Its id.
    pub id: AgentId,
    /// Its slug.
    pub slug: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Its version.
    pub version: u32,
}
