//! Document 001: creating an SMS conversation over the native API.

use domain::ids::Channel;
use domain::sms::{Kind, Opening, SmsSettings, Terms};
use serde_json::{Value, json};

use super::{Document, Row, code};
use crate::harness::stack::hooks::names;
use crate::harness::stack::local_stack::{LocalStack, PATIENCE, dev, until};

pub(super) static DOCUMENT: Document = Document { title: "001 Create an SMS conversation", rows: &ROWS };

const PATH: &str = "/v1/sms-conversations";

/// Returns the request of the document's own example, to a customer with this number.
fn example(to: &str) -> Value {
    json!({
        "agentSlug": "demo-sms", "toNumber": to, "fromNumber": "+15555550123",
        "welcomeMessage": "Hi Ada, this is PAM Motors following up on your service recall.",
        "dynamicVariables": {"customerName": "Ada", "dealershipName": "PAM Motors", "recallId": "24V-123"}
    })
}

async fn open(world: &LocalStack, body: &Value) -> String {
    let answer = world.api.post(PATH, body).await;
    answer.data(201)["conversationId"].as_str().expect("an id").to_owned()
}

async fn first_text(world: &LocalStack, id: &str) -> String {
    let listed = world.api.get(&format!("{PATH}/{id}/messages")).await;
    listed.data(200)[0]["content"].as_str().expect("the opening text").to_owned()
}

/// Waits until this event is among a conversation's events, and returns the names of all.
async fn heard(world: &LocalStack, id: &str, wanted: &str) -> Vec<String> {
    let look = async || {
        let listed = world.api.get(&format!("{PATH}/{id}/events?limit=100")).await;
        let events = listed.data(200).as_array().expect("a list").clone();
        let names: Vec<String> = names(&events).into_iter().map(str::to_owned).collect();
        Some(names).filter(|names| names.iter().any(|name| name == wanted))
    };
    until(&format!("{wanted} in {id}"), PATIENCE, look).await
}

async fn custom_agent(world: &LocalStack, slug: &str, opening: Opening) {
    let settings = SmsSettings {
        kind: Kind::Custom,
        prompt: "You answer for a dealership.".to_owned(),
        opening: Some(opening),
        model: None,
        tools: Vec::new(),
        tool_secret: None,
        max_tool_calls: 0,
        provider_agent_id: None,
        terms: Terms::default(),
    };
    world
        .agent(&dev(), slug, |agent| {
            agent.channel = Channel::Sms;
            agent.sms = Some(settings);
            agent.number = Some(domain::phone::PhoneNumber::parse("+15555550161").expect("a number"));
        })
        .await;
}

static ROWS: [Row; 21] = [
    row!("answer `201`", "`conversationId`, `providerMessageId` and `status: in_progress`", |world| {
        let answer = world.api.post(PATH, &example("+15555550310")).await;
        let data = answer.data(201);
        assert!(data["conversationId"].is_string() && data["providerMessageId"].is_string());
        assert_eq!(data["status"], "in_progress");
    }),
    row!("field `agentSlug`", "names the agent", |world| {
        open(world, &example("+15555550311")).await;
    }),
    row!("field `agentId`", "names the agent", |world| {
        let mut body = example("+15555550312");
        body["agentSlug"] = Value::Null;
        body["agentId"] = json!(domain::ids::AgentId::for_slug(&dev().organization, "demo-sms").to_string());
        open(world, &body).await;
    }),
    row!("field `toNumber`", "E.164, else 400", |world| {
        assert_eq!(world.api.post(PATH, &example("555 0199")).await.wrong_fields(), ["toNumber"]);
    }),
    row!("field `fromNumber`", "needed where the agent has no number", |world| {
        let mut body = example("+15555550313");
        body["fromNumber"] = Value::Null;
        assert_eq!(world.api.post(PATH, &body).await.wrong_fields(), ["fromNumber"]);
    }),
    row!("field `fromNumber`, ignored", "where the agent has a number", |world| {
        custom_agent(world, "s-from", Opening::Template { text: "Hello".to_owned() }).await;
        let mut body = example("+15555550314");
        body["agentSlug"] = json!("s-from");
        let id = open(world, &body).await;
        let found = world.api.get(&format!("{PATH}/{id}")).await;
        assert_eq!(found.data(200)["fromNumber"], "+15555550161");
    }),
    row!("field `welcomeMessage`", "sent exactly as given", |world| {
        let mut body = example("+15555550315");
        body["welcomeMessage"] = json!(" Hi {{customerName}}! ");
        let id = open(world, &body).await;
        assert_eq!(first_text(world, &id).await, " Hi {{customerName}}! ");
    }),
    row!("field `dynamicVariables`", "texts for the agent and its tools", |world| {
        let id = open(world, &example("+15555550316")).await;
        let found = world.api.get(&format!("{PATH}/{id}")).await;
        assert_eq!(found.data(200)["dynamicVariables"]["recallId"], "24V-123");
    }),
    row!("field `clientOrgId`", "must not be sent", |world| {
        let mut body = example("+15555550317");
        body["clientOrgId"] = json!("dev");
        assert_eq!(world.api.post(PATH, &body).await.wrong_fields(), ["clientOrgId"]);
    }),
    row!("opening by a custom agent's template", "with the request's variables in it", |world| {
        let text = "Hello {{customerName}}, it is about {{recallId}}.".to_owned();
        custom_agent(world, "s-template", Opening::Template { text }).await;
        let mut body = example("+15555550318");
        body["agentSlug"] = json!("s-template");
        body["welcomeMessage"] = Value::Null;
        let id = open(world, &body).await;
        assert_eq!(first_text(world, &id).await, "Hello Ada, it is about 24V-123.");
    }),
    row!("opening by a custom agent's model", "generated from its configuration", |world| {
        custom_agent(world, "s-model", Opening::Model).await;
        let mut body = example("+15555550319");
        body["agentSlug"] = json!("s-model");
        body["welcomeMessage"] = Value::Null;
        let id = open(world, &body).await;
        assert!(!first_text(world, &id).await.trim().is_empty());
    }),
    row!("a newer conversation for the same pair", "closes the older: `superseded_by_new_conversation`", |world| {
        let older = open(world, &example("+15555550320")).await;
        open(world, &example("+15555550320")).await;
        let found = world.api.get(&format!("{PATH}/{older}")).await;
        assert_eq!(found.data(200)["endReason"], "superseded_by_new_conversation");
    }),
    row!("events `sms.message_sent`, `sms.message_delivery_updated`", "for every text that leaves", |world| {
        let id = open(world, &example("+15555550321")).await;
        let names = heard(world, &id, "sms.message_delivery_updated").await;
        assert_eq!(names[0], "sms.message_sent");
    }),
    row!(
        "events `sms.message_received`, `sms.tool_call_invocation`, `sms.tool_call_result`",
        "for what the customer writes and the agent looks up",
        |world| {
            let id = open(world, &example("+15555550102")).await;
            let names = heard(world, &id, "sms.tool_call_result").await;
            for name in ["sms.message_received", "sms.tool_call_invocation"] {
                assert!(names.iter().any(|heard| heard == name), "{name} is not among {names:?}");
            }
        }
    ),
    row!("`POST /v1/sms-conversations/{id}/close`", "closes it, with the reason given", |world| {
        let id = open(world, &example("+15555550322")).await;
        let closed = world.api.post(&format!("{PATH}/{id}/close"), &json!({"reason": "customer_resolved"})).await;
        assert_eq!(closed.data(200)["endReason"], "customer_resolved");
    }),
    row!("closing without a reason", "`admin_closed`; twice is no error", |world| {
        let id = open(world, &example("+15555550323")).await;
        let closed = world.api.post(&format!("{PATH}/{id}/close"), &json!({})).await;
        assert_eq!(closed.data(200)["endReason"], "admin_closed");
        let again = world.api.post(&format!("{PATH}/{id}/close"), &json!({})).await;
        assert_eq!(again.data(200)["alreadyClosed"], true);
    }),
    row!("error `validation_error`, two agents", "400", |world| {
        let mut body = example("+15555550324");
        body["agentId"] = json!("4c9b6d5d-891c-8788-8cd6-acc5fee14962");
        assert_eq!(world.api.post(PATH, &body).await.wrong_fields(), ["agentId", "agentSlug"]);
    }),
    row!("error `validation_error`, no agent", "400", |world| {
        let mut body = example("+15555550324");
        body["agentSlug"] = Value::Null;
        assert_eq!(world.api.post(PATH, &body).await.wrong_fields(), ["agentId"]);
    }),
    row!("error `validation_error`, no or blank `welcomeMessage`", "400 for a managed agent", |world| {
        for text in [Value::Null, json!(""), json!("  ")] {
            let mut body = example("+15555550324");
            body["welcomeMessage"] = text;
            assert_eq!(world.api.post(PATH, &body).await.wrong_fields(), ["welcomeMessage"]);
        }
    }),
    row!("error `unauthorized`", "401 without a valid key", |world| {
        let answer = world.api.without_key().post(PATH, &example("+15555550324")).await;
        assert_eq!(code(&answer, 401), "unauthorized");
    }),
    row!("error `not_found`", "404 where no agent is found, or the conversation is another's", |world| {
        let mut body = example("+15555550324");
        body["agentSlug"] = json!("nobody");
        assert_eq!(world.api.post(PATH, &body).await.refusal(404), "not_found");
        let other = world.api.get(&format!("{PATH}/4c9b6d5d-891c-8788-8cd6-acc5fee14962")).await;
        assert_eq!(other.refusal(404), "not_found");
    }),
];
