//! Requests to Telnyx. Source: telnyx-node b9b12ca, `CallDialParams` in `src/resources/calls/calls.ts`.

use domain::limits::Limits;
use domain::voice_settings::VoiceSettings;
use serde::Serialize;
use serde_json::{Map, Value};

use super::wire::client_state;
use crate::attempt::Attempt;

/// Ring time that Telnyx accepts, in seconds.
const RING_SECONDS: std::ops::RangeInclusive<u32> = 5..=600;

/// Call duration that Telnyx accepts, in seconds.
const DURATION_SECONDS: std::ops::RangeInclusive<u32> = 1..=14_400;

/// Inputs of a request for a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Id of the Call Control application at Telnyx.
    pub(super) connection_id: &'a str,
    /// Calling number, E.164.
    pub(super) from: &'a str,
    /// Called number, E.164.
    pub(super) to: &'a str,
    /// Address for the events.
    pub(super) webhook_url: &'a str,
    /// Limits of the ring time and the duration.
    pub(super) limits: Limits,
    /// Voice settings: the relay or the assistant that conducts the conversation.
    pub(super) voice: &'a VoiceSettings,
    /// Variables of the client.
    pub(super) variables: &'a Map<String, Value>,
    /// Rendered prompt of our own agent.
    pub(super) prompt: Option<&'a str>,
}

/// Body of `POST /v2/calls`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Dial<'a> {
    connection_id: &'a str,
    from: &'a str,
    to: &'a str,
    webhook_url: &'a str,
    webhook_url_method: &'static str,
    /// Mark of the attempt. Telnyx echoes it in every event.
    client_state: String,
    /// Id of the command. Telnyx ignores a second command with the same id, for a minute at least.
    command_id: String,
    timeout_secs: u32,
    time_limit_secs: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    answering_machine_detection: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    recording: Option<Recording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_relay_config: Option<Relay<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assistant: Option<Assistant<'a>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Recording {
    record: &'static str,
    record_format: &'static str,
    record_channels: &'static str,
}

/// WebSocket that conducts the conversation.
#[derive(Debug, PartialEq, Serialize)]
struct Relay<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    custom_parameters: CustomParameters,
}

/// Parameters that the relay receives.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomParameters {
    conversation_id: String,
}

/// Assistant at Telnyx that conducts the conversation.
#[derive(Debug, PartialEq, Serialize)]
struct Assistant<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    dynamic_variables: Map<String, Value>,
}

impl<'a> Dial<'a> {
    /// Builds the request for the call of an attempt. Returns `None` if no relay or assistant is set. The client's metadata is
    /// not sent.
    pub(super) fn new(wanted: Wanted<'a>, attempt: &Attempt) -> Option<Self> {
        let voice = wanted.voice;
        let greeting = voice.opening.as_deref();
        let conversation_relay_config = voice.relay_url.as_deref().map(|url| Relay {
            url,
            greeting,
            language: voice.language.as_deref(),
            custom_parameters: CustomParameters { conversation_id: attempt.conversation.to_string() },
        });
        let assistant = voice.provider_agent_id.as_deref().filter(|_| conversation_relay_config.is_none());
        let assistant = assistant.map(|id| Assistant {
            id,
            greeting,
            instructions: wanted.prompt,
            dynamic_variables: wanted.variables.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        });
        if conversation_relay_config.is_none() && assistant.is_none() {
            return None;
        }
        Some(Self {
            connection_id: wanted.connection_id,
            from: wanted.from,
            to: wanted.to,
            webhook_url: wanted.webhook_url,
            webhook_url_method: "POST",
            client_state: client_state(attempt),
            command_id: attempt.name(),
            timeout_secs: wanted.limits.ring_seconds.clamp(*RING_SECONDS.start(), *RING_SECONDS.end()),
            time_limit_secs: wanted
                .limits
                .max_duration_seconds
                .clamp(*DURATION_SECONDS.start(), *DURATION_SECONDS.end()),
            answering_machine_detection: voice.detect_machines.then_some("detect"),
            recording: voice.record.then_some(Recording {
                record: "record-from-answer",
                record_format: "mp3",
                record_channels: "single",
            }),
            conversation_relay_config,
            assistant,
        })
    }
}

/// Converts a value to a text, a number or a boolean, as Telnyx's variables require. Other values are written as JSON.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => value.clone(),
        Value::Null | Value::Array(_) | Value::Object(_) => Value::String(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ConversationId, OrganizationId};
    use domain::limits::Limits;
    use domain::voice_settings::VoiceSettings;
    use serde_json::{Value, json};

    use super::{Dial, Wanted};
    use crate::attempt::Attempt;

    fn attempt() -> Attempt {
        let organization = OrganizationId::parse("acme").unwrap();
        Attempt { organization, conversation: ConversationId::random([7; 16]), number: 2 }
    }

    fn body(voice: &VoiceSettings, limits: Limits) -> Option<Value> {
        let variables = json!({ "name": "Ada", "items": [1], "age": 36 });
        let wanted = Wanted {
            connection_id: "connection-1",
            from: "+15555550100",
            to: "+15555550123",
            webhook_url: "https://calls.example/inbound/telnyx/acme",
            limits,
            voice,
            variables: variables.as_object().unwrap(),
            prompt: Some("Be brief."),
        };
        Dial::new(wanted, &attempt()).map(|dial| serde_json::to_value(dial).unwrap())
    }

    const LIMITS: Limits = Limits { ring_seconds: 45, max_duration_seconds: 1_800 };

    fn relay() -> VoiceSettings {
        VoiceSettings { relay_url: Some("wss://relay.example/talk".to_owned()), ..VoiceSettings::default() }
    }

    #[test]
    fn a_call_that_a_relay_holds_is_asked_for_so() {
        use base64::Engine as _;
        let state = base64::engine::general_purpose::STANDARD.encode(attempt().to_string());
        assert_eq!(
            body(&relay(), LIMITS).unwrap(),
            json!({
                "connection_id": "connection-1",
                "from": "+15555550100",
                "to": "+15555550123",
                "webhook_url": "https://calls.example/inbound/telnyx/acme",
                "webhook_url_method": "POST",
                "client_state": state,
                "command_id": attempt().name(),
                "timeout_secs": 45,
                "time_limit_secs": 1_800,
                "conversation_relay_config": {
                    "url": "wss://relay.example/talk",
                    "custom_parameters": { "conversationId": attempt().conversation.to_string() },
                },
            })
        );
    }

    #[test]
    fn an_assistant_is_told_what_our_agent_is_told() {
        let voice = VoiceSettings {
            provider_agent_id: Some("assistant-1".to_owned()),
            opening: Some("Hello Ada.".to_owned()),
            record: true,
            detect_machines: true,
            ..VoiceSettings::default()
        };
        let asked = body(&voice, LIMITS).unwrap();
        assert_eq!(
            asked["assistant"],
            json!({
                "id": "assistant-1",
                "greeting": "Hello Ada.",
                "instructions": "Be brief.",
                "dynamic_variables": { "name": "Ada", "items": "[1]", "age": 36 },
            })
        );
        assert_eq!(asked["record"], "record-from-answer");
        assert_eq!(asked["record_format"], "mp3");
        assert_eq!(asked["answering_machine_detection"], "detect");
        assert_eq!(asked["conversation_relay_config"], Value::Null);
    }

    #[test]
    fn a_call_that_nobody_would_hold_is_not_asked_for() {
        let opening = VoiceSettings { opening: Some("Hello.".to_owned()), ..VoiceSettings::default() };
        assert_eq!(body(&opening, LIMITS), None);
    }

    #[test]
    fn limits_stay_within_what_the_vendor_takes() {
        let limits = |ring_seconds, max_duration_seconds| {
            let asked = body(&relay(), Limits { ring_seconds, max_duration_seconds }).unwrap();
            (asked["timeout_secs"].as_u64().unwrap(), asked["time_limit_secs"].as_u64().unwrap())
        };
        assert_eq!(limits(1, 0), (5, 1));
        assert_eq!(limits(u32::MAX, u32::MAX), (600, 14_400));
    }
}
