//! Tests that input of any size either fits into the table or is refused with the field's name.

use functions::route::Access;
use functions::{FUNCTIONS, Trigger};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::stack::local_stack::{LocalStack, dev};

/// Builder of an API facade's request body from the number to call, the agent and the variables.
type Body = fn(&str, &str, Value) -> Value;

/// Returns control characters. Each counts as one byte and is stored as six.
fn control_characters(count: usize) -> String {
    "\u{1}".repeat(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_vendors_name_of_an_agent_may_be_longer_than_a_key_of_the_table() {
    let world = LocalStack::start().await;
    let long = "💥".repeat(255);
    let agent =
        json!({ "slug": "long", "name": "Long", "channel": "voice", "number": "+15555550188", "externalId": long });
    world.api.post("/v1/agents", &agent).await.data(201);
    let call = |name: &str| json!({ "phone_number": "+15555550001", "agent_id": name });
    let found = world.api.post_once("/api/v1/calls", "long", &call(&long)).await;
    assert_eq!(found.body["agent"]["name"], json!("Long"), "{}", found.text());
    for bytes in [1_018, 1_019, 1_024, 2_049, 100_000] {
        let name = "x".repeat(bytes);
        let refused = world.api.post_once("/api/v1/calls", "k", &call(&name)).await;
        assert_eq!(
            (refused.status, &refused.body["error"]),
            (404, &json!("agent_not_found")),
            "{bytes}: {}",
            refused.text()
        );
        let stranger = world.api.with_key("rd_test_dev_not-a-key").post_once("/api/v1/calls", "k", &call(&name)).await;
        assert_eq!(stranger.status, 401, "{bytes}: {}", stranger.text());
    }
    let number = json!({ "phone_number": format!("+1555555{}0001", " ".repeat(100_000)), "agent_id": "long" });
    let refused = world.api.post_once("/api/v1/calls", "k", &number).await;
    assert_eq!((refused.status, &refused.body["error"]), (400, &json!("invalid_phone_number")), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_client_in_a_path_or_a_query_is_too_long_for_a_key() {
    let world = LocalStack::start().await;
    let long = "%F0%9F%92%A5".repeat(300);
    let mut tried = 0;
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        let (Access::Key { .. } | Access::CallToken { .. }) = route.access else { continue };
        let mut path = route.path.to_owned();
        while let (Some(open), Some(close)) = (path.find('{'), path.find('}')) {
            path.replace_range(open..=close, &long);
        }
        let query = format!("cursor={long}&agentId={long}&status={long}&to={long}&limit={long}");
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = world.api.send(method, &format!("{path}?{query}"), &json!({})).await;
        assert!(answer.status < 500, "{} {}: {}", route.method, route.path, answer.text());
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_counted_as_they_are_stored_by_every_front_door() {
    let world = LocalStack::start().await;
    let agent = domain::ids::AgentId::for_slug(&dev().organization, "demo-voice");
    let few = control_characters(10_000);
    let many = control_characters(25_000);
    let to = "+15555550001";
    let doors: [(&str, Body, u16, u16); 5] = [
        (
            "/v1/calls",
            |to, _, vars| json!({ "agentSlug": "demo-voice", "toNumber": to, "dynamicVariables": vars }),
            202,
            400,
        ),
        (
            "/api/v1/calls",
            |to, _, vars| json!({ "agent_id": "demo-voice", "phone_number": to, "variables": vars }),
            200,
            400,
        ),
        (
            "/v1/calls/dial-outbound-phone-call",
            |to, _, vars| json!({ "from_number": "+15555550100", "to_number": to, "pia_llm_dynamic_data": vars }),
            201,
            422,
        ),
        (
            "/ai/phone-calls/action/call",
            |to, agent, vars| json!({ "numberToCall": to, "aiSettingsTemplateId": agent, "promptTags": vars }),
            201,
            422,
        ),
        (
            "/v1/sms-conversations",
            |_, _, vars| {
                json!({
                    "agentSlug": "demo-sms", "toNumber": "+15555550150", "fromNumber": "+15555550151", "welcomeMessage": "Hi",
                    "dynamicVariables": vars
                })
            },
            201,
            400,
        ),
    ];
    for (door, body, accepted, refused) in doors {
        let answer = world.api.post_once(door, "few", &body(to, &agent.to_string(), json!({ "v": few }))).await;
        assert_eq!(answer.status, accepted, "{door}: {}", answer.text());
        let answer = world.api.post_once(door, "many", &body(to, &agent.to_string(), json!({ "v": many }))).await;
        assert_eq!(answer.status, refused, "{door}: {}", answer.text());
        assert!(answer.text().contains("64 KiB"), "{door}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_counted_as_it_is_stored() {
    let world = LocalStack::start().await;
    world.agent(&dev(), "thrice", |agent| agent.prompt = Some("{{v}}{{v}}{{v}}".to_owned())).await;
    let call = |count: usize| {
        let variables = json!({ "v": control_characters(count) });
        json!({ "agentSlug": "thrice", "toNumber": "+15555550001", "fromNumber": "+15555550101", "dynamicVariables": variables })
    };
    world.api.post_once("/v1/calls", "fits", &call(7_000)).await.accepted();
    let refused = world.api.post_once("/v1/calls", "too-long", &call(8_000)).await;
    assert_eq!(refused.wrong_fields(), ["dynamicVariables"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_grows_by_changes_is_refused_before_it_fits_into_no_item() {
    let world = LocalStack::start().await;
    let tool = |index: usize| {
        json!({
            "name": format!("tool{index}"), "description": format!("x{}", control_characters(1_023)),
            "url": "https://tools.example.com/book",
            "parameters": { "type": "object", "properties": { "a": { "type": "string", "description": "y".repeat(8_000) } } }
        })
    };
    let tools: Vec<Value> = (0..16).map(tool).collect();
    let agent = json!({ "slug": "grows", "name": "Grows", "channel": "sms", "sms": { "prompt": "Hi." } });
    let path = format!("/v1/agents/{}", world.api.post("/v1/agents", &agent).await.data(201)["id"].as_str().unwrap());
    world.api.patch(&path, &json!({ "sms": { "tools": tools } })).await.data(200);
    let long = format!("x{}", control_characters(20_000));
    assert_eq!(world.api.patch(&path, &json!({ "sms": { "prompt": long } })).await.wrong_fields(), ["sms.tools"]);
    world.api.patch(&path, &json!({ "sms": { "tools": null, "prompt": long } })).await.data(200);
    let required: Vec<String> = (0..100).map(|n| format!("{n}{}", control_characters(250))).collect();
    let refused =
        world.api.patch(&path, &json!({ "requiredVariables": required, "sms": { "tools": tools[..6] } })).await;
    assert_eq!(refused.wrong_fields(), ["requiredVariables"]);
    let seen = world.api.get(&path).await.data(200).clone();
    assert_eq!((&seen["requiredVariables"], &seen["version"]), (&json!([]), &json!(3)), "nothing was written");
}
