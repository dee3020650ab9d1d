//! Tests of the mode of agents: a test key reaches no live agent, and a live key promotes agents.

use domain::ids::{AgentId, Channel, Mode, Scope};
use domain::phone::PhoneNumber;
use serde_json::{Value, json};

use crate::harness::stack::api::Api;
use crate::harness::stack::local_stack::{LocalStack, dev};

/// Returns the API with a live key of the stack's own organization, which has a number to call from.
async fn live_api(world: &LocalStack) -> Api {
    let live = live();
    let number = PhoneNumber::parse("+15555550100").expect("a number");
    world.edits(&live, |organization| organization.numbers = vec![number.clone()]).await;
    world.api.with_key(&world.key(&live, |_| {}).await)
}

fn live() -> Scope {
    Scope { mode: Mode::Live, ..dev() }
}

fn calling(prompt: &str) -> Value {
    json!({ "slug": "desk", "name": "Desk", "channel": "voice", "number": "+15555550199", "prompt": prompt })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_key_changes_test_agents_only_and_a_live_key_promotes_them() {
    let world = LocalStack::start().await;
    let live = live_api(&world).await;
    let test = world.api.post("/v1/agents", &calling("One.")).await.data(201).clone();
    assert_eq!((&test["mode"], &test["version"]), (&json!("test"), &json!(1)));
    let path = format!("/v1/agents/{}", test["id"].as_str().unwrap());
    assert_eq!(live.get(&path).await.refusal(404), "not_found");
    assert_eq!(live.get("/v1/agents").await.data(200), &json!([]));

    assert_eq!(world.api.post(&format!("{path}/promote"), &json!({})).await.refusal(403), "permission_denied");
    let refused = live.post(&format!("{path}/promote"), &json!({})).await;
    assert_eq!(refused.wrong_fields(), ["number"], "the test agent's number is nobody's");
    let own = json!({ "number": "+15555550100" });
    let promoted = live.post(&format!("{path}/promote"), &own).await.data(200).clone();
    assert_eq!((&promoted["id"], &promoted["mode"], &promoted["version"]), (&test["id"], &json!("live"), &json!(1)));
    assert_eq!((&promoted["prompt"], &promoted["number"]), (&json!("One."), &json!("+15555550100")));
    assert_eq!(live.post(&format!("{path}/promote"), &own).await.data(200)["version"], json!(1), "nothing is new");

    world.api.patch(&path, &json!({ "prompt": "Two.", "name": "Better desk" })).await.data(200);
    assert_eq!(live.get(&path).await.data(200)["prompt"], json!("One."), "live traffic notices nothing");
    let promoted = live.post(&format!("{path}/promote"), &own).await.data(200).clone();
    assert_eq!((&promoted["prompt"], &promoted["version"]), (&json!("Two."), &json!(2)));
    live.patch(&path, &json!({ "prompt": "Three." })).await.data(200);
    assert_eq!(world.api.get(&path).await.data(200)["prompt"], json!("Two."));

    let actions = |audit: &Value| -> Vec<String> {
        audit.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    };
    let seen = live.get("/v1/audit").await.data(200).clone();
    assert!(actions(&seen).starts_with(&["agent.updated", "agent.promoted", "agent.promoted"].map(str::to_owned)));
    assert!(!actions(&seen).contains(&"agent.created".to_owned()), "that is test mode's");
    assert_eq!(actions(world.api.get("/v1/audit").await.data(200))[..2], ["agent.updated", "agent.created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_answers_by_text_goes_live_with_a_model_only() {
    let world = LocalStack::start().await;
    let live = live_api(&world).await;
    let texter = |sms: Value| json!({ "slug": "texter", "name": "Texter", "channel": "sms", "sms": sms });
    let silent = json!({ "prompt": "Hi.", "answers": false });
    assert_eq!(live.post("/v1/agents", &texter(json!({ "prompt": "Hi." }))).await.wrong_fields(), ["sms.model"]);
    let made = world.api.post("/v1/agents", &texter(json!({ "prompt": "Hi." }))).await.data(201).clone();
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    assert_eq!(live.post(&format!("{path}/promote"), &json!({})).await.wrong_fields(), ["sms.model"]);
    live.post("/v1/agents", &texter(silent)).await.data(201);
    let answers = json!({ "sms": { "answers": true } });
    assert_eq!(live.patch(&path, &answers).await.wrong_fields(), ["sms.model"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_before_there_were_modes_serves_both_until_a_test_key_changes_it() {
    let world = LocalStack::start().await;
    let live = live_api(&world).await;
    let id = world
        .agent(&Scope { mode: Mode::Live, ..dev() }, "former", |agent| {
            agent.mode = None;
            agent.number = PhoneNumber::parse("+15555550100").ok();
        })
        .await;
    let path = format!("/v1/agents/{id}");
    let call = json!({ "agentId": id, "toNumber": "+15555550001" });
    world.api.post_once("/v1/calls", "by-a-test-key", &call).await.accepted();
    live.post_once("/v1/calls", "by-a-live-key", &call).await.accepted();
    assert_eq!(world.api.get(&path).await.data(200)["mode"], json!("test"));
    assert!(world.api.get("/v1/agents").await.text().contains("former"));
    assert_eq!(live.patch(&path, &json!({ "name": "Live" })).await.data(200)["version"], json!(2));
    assert_eq!(world.api.get(&path).await.data(200)["name"], json!("Live"), "there is no test agent yet");

    let tested = world.api.patch(&path, &json!({ "name": "Tested" })).await.data(200).clone();
    assert_eq!((&tested["mode"], &tested["name"], &tested["version"]), (&json!("test"), &json!("Tested"), &json!(3)));
    assert_eq!(live.get(&path).await.data(200)["name"], json!("Live"));
    let listed = world.api.get("/v1/agents").await.data(200).clone();
    assert_eq!(listed.as_array().unwrap().iter().filter(|agent| agent["slug"] == "former").count(), 1);

    assert_eq!(world.api.delete(&path).await.status, 204);
    assert_eq!(world.api.get(&path).await.refusal(404), "not_found", "the live one does not serve test keys again");
    live.post_once("/v1/calls", "still-live", &call).await.accepted();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_agent_takes_nothing_new_and_its_versions_go_on_when_its_slug_is_used_again() {
    let world = LocalStack::start().await;
    let made = world.api.post("/v1/agents", &calling("One.")).await.data(201).clone();
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    let call = json!({ "agentSlug": "desk", "toNumber": "+15555550011" });
    let open = world.api.post_once("/v1/calls", "before", &call).await.accepted();
    assert_eq!(world.api.delete(&path).await.status, 204);
    assert_eq!(world.api.delete(&path).await.refusal(404), "not_found");
    assert_eq!(world.api.get(&path).await.refusal(404), "not_found");
    assert_eq!(world.api.patch(&path, &json!({ "name": "Again" })).await.refusal(404), "not_found");
    assert_eq!(world.api.post_once("/v1/calls", "after", &call).await.refusal(404), "not_found");
    assert!(world.api.post_once("/v1/calls", "before", &call).await.is_replay());
    assert!(!world.api.get("/v1/agents").await.text().contains("desk"));
    let by_number = json!({ "from_number": "+15555550199", "to_number": "+15555550011" });
    assert_eq!(world.api.post_once("/v1/calls/dial-outbound-phone-call", "v", &by_number).await.status, 404);
    world.call_when(&open, "in_progress").await;

    let again = world.api.post("/v1/agents", &calling("Two.")).await.data(201).clone();
    assert_eq!((&again["id"], &again["version"]), (&made["id"], &json!(2)));
    world.api.post_once("/v1/calls", "after", &call).await.accepted();
    let audit = world.api.get("/v1/audit").await.data(200).clone();
    assert_eq!(audit[1]["action"], json!("agent.retired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_agents_are_whole_in_pages_whatever_mode_and_age_they_are_of() {
    let world = LocalStack::start().await;
    let live_api = live_api(&world).await;
    for index in 0..5 {
        world.agent(&live(), &format!("former-{index}"), |agent| agent.mode = None).await;
        world.agent(&live(), &format!("live-{index}"), |_| {}).await;
        world.agent(&dev(), &format!("test-{index}"), |_| {}).await;
    }
    // The slug `former-1` has both an agent without a mode and a test agent.
    world.agent(&dev(), "former-1", |_| {}).await;
    let gone = AgentId::for_slug(&dev().organization, "test-2");
    world.api.delete(&format!("/v1/agents/{gone}")).await;
    for (api, expected) in [(&world.api, 5 + 4 + 2), (&live_api, 10)] {
        for limit in [1, 2, 3, 100] {
            let mut slugs = Vec::new();
            let mut query = format!("limit={limit}");
            loop {
                let answer = api.get(&format!("/v1/agents?{query}")).await;
                let page = answer.data(200).as_array().expect("a list").clone();
                slugs.extend(page.iter().map(|agent| agent["slug"].as_str().unwrap().to_owned()));
                let pagination = &answer.body["meta"]["pagination"];
                let Some(cursor) = pagination["cursor"].as_str() else { break };
                query = format!("limit={limit}&cursor={cursor}");
            }
            let distinct: std::collections::BTreeSet<&String> = slugs.iter().collect();
            assert_eq!((slugs.len(), distinct.len()), (expected, expected), "limit={limit}: {slugs:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_of_different_channels_may_have_one_number_and_one_external_id() {
    let world = LocalStack::start().await;
    let number = PhoneNumber::parse("+15555550177").ok();
    for (slug, channel) in [("front-voice", Channel::Voice), ("front-sms", Channel::Sms)] {
        world
            .agent(&dev(), slug, |agent| {
                agent.channel = channel;
                agent.number.clone_from(&number);
                agent.external_id = Some("front".to_owned());
            })
            .await;
    }
    let dialled = json!({ "from_number": "+15555550177", "to_number": "+15555550001" });
    let answer = world.api.post_once("/v1/calls/dial-outbound-phone-call", "verbex", &dialled).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.body["ai_agent_name"], json!("front-voice"));
    let body = json!({ "phone_number": "+15555550001", "agent_id": "front" });
    let answer = world.api.post_once("/api/v1/calls", "klen", &body).await;
    assert_eq!(answer.body["agent"]["name"], json!("front-voice"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_the_other_channel_is_told_from_one_that_is_not_there() {
    let world = LocalStack::start().await;
    let call = json!({ "agentSlug": "demo-sms", "toNumber": "+15555550001" });
    let refused = world.api.post_once("/v1/calls", "k", &call).await;
    assert_eq!(refused.refusal(404), "not_found");
    assert!(refused.text().contains("SMS conversations"), "{}", refused.text());
    let text = json!({ "agentSlug": "demo-voice", "toNumber": "+15555550150", "welcomeMessage": "Hello" });
    let refused = world.api.post("/v1/sms-conversations", &text).await;
    assert_eq!(refused.refusal(404), "not_found");
    assert!(refused.text().contains("one that calls"), "{}", refused.text());
    let other = world.organization("other").await;
    let foreign = world.api.with_key(&world.key(&other, |_| {}).await);
    let refused = foreign
        .post_once(
            "/v1/calls",
            "k",
            &json!({ "agentId": AgentId::for_slug(&dev().organization, "demo-sms"), "toNumber": "+15555550001" }),
        )
        .await;
    assert_eq!(refused.refusal(404), "not_found");
    assert!(refused.text().contains("no such agent"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_an_agents_tools_is_rotated_and_shown_once() {
    let world = LocalStack::start().await;
    let id = AgentId::for_slug(&dev().organization, "demo-sms");
    let path = format!("/v1/agents/{id}");
    let rotated = world.api.post(&format!("{path}/rotate-tool-secret"), &json!({})).await.data(200).clone();
    let secret = rotated["toolSecret"].as_str().expect("it is shown");
    assert!(secret.starts_with("whsec_"));
    assert_eq!(rotated["version"], json!(2));
    assert_eq!(world.api.get(&path).await.data(200)["toolSecret"], Value::Null);
    let again = world.api.post(&format!("{path}/rotate-tool-secret"), &json!({})).await.data(200).clone();
    assert_ne!(again["toolSecret"], rotated["toolSecret"]);
    let caller = AgentId::for_slug(&dev().organization, "demo-voice");
    let refused = world.api.post(&format!("/v1/agents/{caller}/rotate-tool-secret"), &json!({})).await;
    assert_eq!(refused.refusal(409), "conflict", "it has no tools");
}
