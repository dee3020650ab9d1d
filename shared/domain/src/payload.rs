//! Request payload of a conversation, with the results of processing it at acceptance.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::voice_settings::VoiceSettings;

/// Request payload: data that the client gave for the conversation, and data derived from it. A large payload is a separate
/// item.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Values for the agent's placeholders. The native API accepts strings only; other front doors accept any JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub dynamic_variables: Map<String, Value>,
    /// Prompt of the agent, rendered with these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Voice settings of the agent, rendered with these values. Present only if a live provider places the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceSettings>,
    /// Called number as the client wrote it, if that was not E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_number: Option<String>,
    /// Id that the client chose for the conversation, if the front door allows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_call_id: Option<String>,
    /// Agent as the request named it, if a later answer has to show the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_agent: Option<String>,
    /// JSON object of the client, returned unchanged, character for character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
}
