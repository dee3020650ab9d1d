//! Requests to Vapi. Source: VapiAI/docs eabfa53, `CreateCallDTO` and `AssistantOverrides` in the OpenAPI document.

use domain::limits::Limits;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::wire::{ATTEMPT, REQUEST};
use crate::attempt::Attempt;

/// Call duration that Vapi accepts, in seconds.
const DURATION_SECONDS: std::ops::RangeInclusive<u32> = 10..=43_200;

/// Server messages about the stages of a call. Other messages are not needed.
const MESSAGES: [&str; 2] = ["status-update", "end-of-call-report"];

/// Variable for the agent's rendered prompt, unless the client gave a variable of this name.
const PROMPT: &str = "prompt";

/// Time that Vapi waits for our answer, in seconds. It covers the longest time that a handler may take.
const TIMEOUT_SECONDS: u32 = 20;

/// Maximum number of retries of a message that we did not accept. By default, Vapi never retries.
const MOST_RETRIES: u32 = 5;

/// Inputs of a request for a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Id of the calling number at Vapi.
    pub(super) phone_number_id: &'a str,
    /// Id of the assistant at Vapi.
    pub(super) assistant_id: &'a str,
    /// Called number, E.164.
    pub(super) to: &'a str,
    /// Address for the server messages.
    pub(super) server_url: &'a str,
    /// Id at Vapi of the credential that signs the messages.
    pub(super) credential_id: Option<&'a str>,
    /// Limit of the duration. The carrier decides on the ring time.
    pub(super) limits: Limits,
    /// Variables of the client.
    pub(super) variables: &'a Map<String, Value>,
    /// Rendered prompt of our own agent.
    pub(super) prompt: Option<&'a str>,
    /// Id of the request that created the conversation.
    pub(super) request_id: Option<&'a str>,
}

/// Body of `POST /call`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateCall<'a> {
    /// Name of the call, for people to read. At most 40 characters.
    name: String,
    assistant_id: &'a str,
    phone_number_id: &'a str,
    customer: Customer<'a>,
    assistant_overrides: Overrides,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Customer<'a> {
    number: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Overrides {
    #[serde(skip_serializing_if = "Map::is_empty")]
    variable_values: Map<String, Value>,
    metadata: Value,
    server: Value,
    server_messages: [&'static str; 2],
    max_duration_seconds: u32,
}

impl<'a> CreateCall<'a> {
    /// Builds the request for the call of an attempt. The client's metadata is not sent.
    pub(super) fn new(wanted: Wanted<'a>, attempt: &Attempt) -> Self {
        let mut variable_values = wanted.variables.clone();
        if let Some(prompt) = wanted.prompt {
            variable_values.entry(PROMPT).or_insert_with(|| prompt.into());
        }
        let mut server = json!({
            "url": wanted.server_url,
            "timeoutSeconds": TIMEOUT_SECONDS,
            "backoffPlan": { "type": "exponential", "maxRetries": MOST_RETRIES, "baseDelaySeconds": 1 },
        });
        if let Some(credential) = wanted.credential_id {
            server["credentialId"] = credential.into();
        }
        let mut metadata = json!({ ATTEMPT: attempt.to_string() });
        if let Some(request_id) = wanted.request_id {
            metadata[REQUEST] = request_id.into();
        }
        Self {
            name: attempt.name().chars().take(40).collect(),
            assistant_id: wanted.assistant_id,
            phone_number_id: wanted.phone_number_id,
            customer: Customer { number: wanted.to },
            assistant_overrides: Overrides {
                variable_values,
                metadata,
                server,
                server_messages: MESSAGES,
                max_duration_seconds: wanted
                    .limits
                    .max_duration_seconds
                    .clamp(*DURATION_SECONDS.start(), *DURATION_SECONDS.end()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ConversationId, OrganizationId};
    use domain::limits::Limits;
    use serde_json::{Value, json};

    use super::{CreateCall, Wanted};
    use crate::attempt::Attempt;
    use crate::vapi::wire::VapiCall;

    fn attempt() -> Attempt {
        let organization = OrganizationId::parse("acme").unwrap();
        Attempt { organization, conversation: ConversationId::random([7; 16]), number: 2 }
    }

    fn body(change: impl FnOnce(&mut Wanted<'_>), variables: &Value) -> Value {
        let mut wanted = Wanted {
            phone_number_id: "number-1",
            assistant_id: "assistant-1",
            to: "+15555550123",
            server_url: "https://calls.example/inbound/vapi/acme",
            credential_id: Some("credential-1"),
            limits: Limits { ring_seconds: 45, max_duration_seconds: 1_800 },
            variables: variables.as_object().unwrap(),
            prompt: None,
            request_id: Some("req_abc"),
        };
        change(&mut wanted);
        serde_json::to_value(CreateCall::new(wanted, &attempt())).unwrap()
    }

    #[test]
    fn a_call_is_asked_for_in_the_vendors_fields_and_marked_as_ours() {
        let asked = body(|_| {}, &json!({ "name": "Ada", "items": [1] }));
        assert_eq!(
            asked,
            json!({
                "name": attempt().name(),
                "assistantId": "assistant-1",
                "phoneNumberId": "number-1",
                "customer": { "number": "+15555550123" },
                "assistantOverrides": {
                    "variableValues": { "name": "Ada", "items": [1] },
                    "metadata": { "ringdownAttempt": attempt().to_string(), "ringdownRequest": "req_abc" },
                    "server": {
                        "url": "https://calls.example/inbound/vapi/acme",
                        "timeoutSeconds": 20,
                        "backoffPlan": { "type": "exponential", "maxRetries": 5, "baseDelaySeconds": 1 },
                        "credentialId": "credential-1",
                    },
                    "serverMessages": ["status-update", "end-of-call-report"],
                    "maxDurationSeconds": 1_800,
                },
            })
        );
        let shown = json!({ "id": "call-1", "assistantOverrides": asked["assistantOverrides"] });
        let shown: VapiCall = serde_json::from_value(shown).unwrap();
        assert_eq!(shown.attempt(), Some(attempt()));
    }

    #[test]
    fn limits_stay_within_what_the_vendor_takes_and_a_prompt_goes_along() {
        let limits = |max_duration_seconds| {
            let limits = Limits { ring_seconds: 45, max_duration_seconds };
            body(|wanted| wanted.limits = limits, &json!({}))["assistantOverrides"]["maxDurationSeconds"].clone()
        };
        assert_eq!([limits(1), limits(u32::MAX)], [json!(10), json!(43_200)]);
        let prompt = |variables| {
            let asked = body(|wanted| wanted.prompt = Some("Be brief."), &variables);
            asked["assistantOverrides"]["variableValues"]["prompt"].clone()
        };
        assert_eq!(prompt(json!({})), "Be brief.");
        assert_eq!(prompt(json!({ "prompt": "theirs" })), "theirs");
    }
}
