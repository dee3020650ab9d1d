//! The payload of a request for a conversation, and what was made of it when the request was accepted.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::voice_settings::VoiceSettings;

/// What a client gave for its conversation, and what was made of it: it stands apart where it is large.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The values for the agent's placeholders. The native API takes texts only; other front doors take any JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub dynamic_variables: Map<String, Value>,
    /// The agent's prompt with every placeholder filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What its agent says and does on the call, with the request's values in it: only where a live provider places it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceSettings>,
    /// The called number as it was written, where that was not E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_number: Option<String>,
    /// The identifier that the client chose for it, where its front door lets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_call_id: Option<String>,
    /// The agent as the request named it, where that has to be shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_agent: Option<String>,
    /// A JSON object, returned as it came: to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
}
