//! Requests to Retell. Source: retell-typescript-sdk b274013, `CallCreatePhoneCallParams` and `CallListParams`.

use domain::limits::Limits;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::wire::{ATTEMPT, ORGANIZATION, REQUEST};
use crate::attempt::Attempt;

/// Ring time that Retell accepts, in milliseconds.
const RING_MS: std::ops::RangeInclusive<u32> = 5_000..=300_000;

/// Call duration that Retell accepts, in milliseconds.
const DURATION_MS: std::ops::RangeInclusive<u32> = 60_000..=7_200_000;

/// Webhooks about the stages of a call. Other webhooks are not needed.
const EVENTS: [&str; 3] = ["call_started", "call_ended", "call_analyzed"];

/// Variable for the agent's rendered prompt, unless the client gave a variable of this name.
const PROMPT: &str = "prompt";

/// Maximum number of calls or chats in a search, the latest first.
pub(super) const SEARCHED: u32 = 50;

/// Body of `POST /v2/create-phone-call`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct CreatePhoneCall<'a> {
    from_number: &'a str,
    to_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_agent_id: Option<&'a str>,
    agent_override: AgentOverride<'a>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    retell_llm_dynamic_variables: Map<String, Value>,
    metadata: Map<String, Value>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct AgentOverride<'a> {
    agent: AgentSettings<'a>,
}

/// Settings for this call only. They go before those of the agent.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct AgentSettings<'a> {
    webhook_url: &'a str,
    webhook_events: [&'static str; 3],
    ring_duration_ms: u32,
    max_call_duration_ms: u32,
}

/// Inputs of a request for a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Calling number, E.164.
    pub(super) from: &'a str,
    /// Called number, E.164.
    pub(super) to: &'a str,
    /// Id of the agent at Retell. `None` leaves the agent to the calling number's settings.
    pub(super) agent: Option<&'a str>,
    /// Address for the webhooks.
    pub(super) webhook_url: &'a str,
    /// Limits of the ring time and the duration.
    pub(super) limits: Limits,
    /// Variables of the client.
    pub(super) variables: &'a Map<String, Value>,
    /// Rendered prompt of our own agent.
    pub(super) prompt: Option<&'a str>,
    /// Id of the request that created the conversation.
    pub(super) request_id: Option<&'a str>,
}

impl<'a> CreatePhoneCall<'a> {
    /// Builds the request for the call of an attempt.
    pub(super) fn new(wanted: Wanted<'a>, attempt: &Attempt) -> Self {
        Self {
            from_number: wanted.from,
            to_number: wanted.to,
            override_agent_id: wanted.agent,
            agent_override: AgentOverride {
                agent: AgentSettings {
                    webhook_url: wanted.webhook_url,
                    webhook_events: EVENTS,
                    ring_duration_ms: within(wanted.limits.ring_seconds, &RING_MS),
                    max_call_duration_ms: within(wanted.limits.max_duration_seconds, &DURATION_MS),
                },
            },
            retell_llm_dynamic_variables: variables(wanted.variables, wanted.prompt),
            metadata: marks(attempt, wanted.request_id),
        }
    }
}

/// Returns the client's variables, as texts, with the prompt of our own agent.
pub(super) fn variables(given: &Map<String, Value>, prompt: Option<&str>) -> Map<String, Value> {
    let mut variables: Map<String, Value> =
        given.iter().map(|(name, value)| (name.clone(), text_of(value).into())).collect();
    if let Some(prompt) = prompt {
        variables.entry(PROMPT).or_insert_with(|| prompt.into());
    }
    variables
}

/// Returns the metadata that marks an attempt. The client's own metadata is not sent.
pub(super) fn marks(attempt: &Attempt, request_id: Option<&str>) -> Map<String, Value> {
    let marks = [(ORGANIZATION, attempt.organization.to_string()), (ATTEMPT, attempt.name())];
    let marks = marks.into_iter().chain(request_id.map(|id| (REQUEST, id.to_owned())));
    marks.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// Builds the body of `POST /v3/list-calls` that finds the call of an attempt.
pub(super) fn search(attempt: &Attempt, to: &str) -> Value {
    let marked = json!({ "type": "string", "op": "eq", "key": ATTEMPT, "value": attempt.name() });
    let called = json!({ "type": "string", "op": "eq", "value": to });
    json!({
        "filter_criteria": { "metadata": [marked], "to_number": called },
        "limit": SEARCHED,
        "sort_order": "descending",
    })
}

fn within(seconds: u32, allowed_ms: &std::ops::RangeInclusive<u32>) -> u32 {
    seconds.saturating_mul(1_000).clamp(*allowed_ms.start(), *allowed_ms.end())
}

/// Converts a value to a text, as Retell's variables require. Other values are written as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ConversationId, OrganizationId};
    use domain::limits::Limits;
    use serde_json::{Map, Value, json};

    use super::{CreatePhoneCall, Wanted, search};
    use crate::attempt::Attempt;
    use crate::retell::wire::RetellCall;

    fn attempt() -> Attempt {
        let organization = OrganizationId::parse("acme").unwrap();
        Attempt { organization, conversation: ConversationId::random([7; 16]), number: 2 }
    }

    fn body(change: impl FnOnce(&mut Wanted<'_>), variables: Value) -> Value {
        let variables: Map<String, Value> = variables.as_object().unwrap().clone();
        let mut wanted = Wanted {
            from: "+15555550100",
            to: "+15555550123",
            agent: Some("agent_1"),
            webhook_url: "https://calls.example/callbacks/retell",
            limits: Limits { ring_seconds: 45, max_duration_seconds: 1_800 },
            variables: &variables,
            prompt: None,
            request_id: Some("req_abc"),
        };
        change(&mut wanted);
        serde_json::to_value(CreatePhoneCall::new(wanted, &attempt())).unwrap()
    }

    #[test]
    fn a_call_is_asked_for_in_the_vendors_fields_and_marked_as_ours() {
        let asked = body(|_| {}, json!({ "name": "Ada", "items": [1], "vip": true }));
        assert_eq!(
            asked,
            json!({
                "from_number": "+15555550100",
                "to_number": "+15555550123",
                "override_agent_id": "agent_1",
                "agent_override": { "agent": {
                    "webhook_url": "https://calls.example/callbacks/retell",
                    "webhook_events": ["call_started", "call_ended", "call_analyzed"],
                    "ring_duration_ms": 45_000,
                    "max_call_duration_ms": 1_800_000,
                } },
                "retell_llm_dynamic_variables": { "name": "Ada", "items": "[1]", "vip": "true" },
                "metadata": {
                    "ringdown_organization": "acme",
                    "ringdown_attempt": attempt().name(),
                    "ringdown_request": "req_abc",
                },
            })
        );
        let shown: RetellCall =
            serde_json::from_value(json!({ "call_id": "c", "metadata": asked["metadata"] })).unwrap();
        assert_eq!(shown.attempt(), Some(attempt()));
    }

    #[test]
    fn what_is_not_set_is_left_out() {
        let asked = body(|wanted| wanted.agent = None, json!({}));
        let fields: Vec<&String> = asked.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["agent_override", "from_number", "metadata", "to_number"]);
    }

    #[test]
    fn limits_stay_within_what_the_vendor_takes() {
        let limits = |ring_seconds, max_duration_seconds| {
            let limits = Limits { ring_seconds, max_duration_seconds };
            let settings = body(|wanted| wanted.limits = limits, json!({}))["agent_override"]["agent"].clone();
            (settings["ring_duration_ms"].as_u64().unwrap(), settings["max_call_duration_ms"].as_u64().unwrap())
        };
        assert_eq!(limits(1, 1), (5_000, 60_000));
        assert_eq!(limits(u32::MAX, u32::MAX), (300_000, 7_200_000));
    }

    #[test]
    fn a_prompt_goes_along_where_the_client_has_no_variable_of_that_name() {
        let prompt = |variables| {
            let asked = body(|wanted| wanted.prompt = Some("Be brief."), variables);
            asked["retell_llm_dynamic_variables"]["prompt"].clone()
        };
        assert_eq!(prompt(json!({})), "Be brief.");
        assert_eq!(prompt(json!({ "prompt": "theirs" })), "theirs");
    }

    #[test]
    fn a_search_asks_for_the_attempt_it_is_for() {
        let asked = search(&attempt(), "+15555550123");
        assert_eq!(asked["filter_criteria"]["metadata"][0]["key"], "ringdown_attempt");
        assert_eq!(asked["filter_criteria"]["metadata"][0]["value"], attempt().name());
        assert_eq!(asked["filter_criteria"]["to_number"]["value"], "+15555550123");
    }
}
