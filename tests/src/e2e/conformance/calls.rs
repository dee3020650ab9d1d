//! Document 000: creating a call over the native API.

use serde_json::json;

use super::{Document, Row, code};
use crate::harness::stack::hooks::{Hooks, names};
use crate::harness::stack::local_stack::{LocalStack, call_to, dev};

pub(super) static DOCUMENT: Document = Document { title: "000 Create a call", rows: &ROWS };

const PATH: &str = "/v1/calls";

async fn other_agent(world: &LocalStack, slug: &str) -> String {
    world.agent(&dev(), slug, |_| {}).await.to_string()
}

static ROWS: [Row; 19] = [
    row!("answer `202`", "`conversationId` and `status: queued`", |world| {
        let answer = world.api.post_once(PATH, "c-answer", &call_to("+15555550011")).await;
        answer.accepted();
        assert_eq!(answer.body["data"]["status"], "queued");
    }),
    row!("field `agentSlug`", "names the agent", |world| {
        world.api.post_once(PATH, "c-slug", &call_to("+15555550011")).await.accepted();
    }),
    row!("field `agentId`", "names the agent", |world| {
        let id = domain::ids::AgentId::for_slug(&dev().organization, "demo-voice").to_string();
        let body = json!({"agentId": id, "toNumber": "+15555550011"});
        world.api.post_once(PATH, "c-id", &body).await.accepted();
    }),
    row!("field `toNumber`", "E.164, else 400", |world| {
        let answer = world.api.post_once(PATH, "c-to", &call_to("555 0123")).await;
        assert_eq!(answer.wrong_fields(), ["toNumber"]);
    }),
    row!("field `fromNumber`", "needed where the agent has no number", |world| {
        let id = other_agent(world, "c-from").await;
        let body = json!({"agentId": id, "toNumber": "+15555550011", "fromNumber": "+15555550188"});
        let call = world.api.post_once(PATH, "c-from", &body).await.accepted();
        assert_eq!(world.call(&call).await["fromNumber"], "+15555550188");
    }),
    row!("field `fromNumber`, ignored", "where the agent has a number", |world| {
        let mut body = call_to("+15555550011");
        body["fromNumber"] = json!("+15555550188");
        let call = world.api.post_once(PATH, "c-from-ignored", &body).await.accepted();
        assert_eq!(world.call(&call).await["fromNumber"], "+15555550100");
    }),
    row!("field `dynamicVariables`", "texts for the agent", |world| {
        let mut body = call_to("+15555550011");
        body["dynamicVariables"] = json!({"name": "Ada"});
        let call = world.api.post_once(PATH, "c-variables", &body).await.accepted();
        assert_eq!(world.call(&call).await["dynamicVariables"], json!({"name": "Ada"}));
    }),
    row!("field `metadata`", "kept as it came", |world| {
        let mut body = call_to("+15555550011");
        body["metadata"] = json!({"a": [1, {"b": null}]});
        let call = world.api.post_once(PATH, "c-metadata", &body).await.accepted();
        assert_eq!(world.call(&call).await["metadata"], json!({"a": [1, {"b": null}]}));
    }),
    row!("field `clientOrgId`", "must not be sent", |world| {
        let mut body = call_to("+15555550011");
        body["clientOrgId"] = json!("dev");
        assert_eq!(world.api.post_once(PATH, "c-org", &body).await.wrong_fields(), ["clientOrgId"]);
    }),
    row!("header `Idempotency-Key`", "required", |world| {
        assert_eq!(world.api.post(PATH, &call_to("+15555550011")).await.wrong_fields(), ["Idempotency-Key"]);
    }),
    row!("header `Idempotency-Key`, again", "the original `conversationId` and the current status", |world| {
        let first = world.api.post_once(PATH, "c-again", &call_to("+15555550001")).await.accepted();
        world.call_when(&first, "ended").await;
        let again = world.api.post_once(PATH, "c-again", &call_to("+15555550001")).await;
        assert_eq!((again.accepted(), again.body["data"]["status"].as_str()), (first, Some("ended")));
    }),
    row!("events `call.started`, `call.ended`, `call.analyzed`", "in this order", |world| {
        let mut hooks = Hooks::register(world).await;
        let call = world.api.post_once(PATH, "c-events", &call_to("+15555550123")).await.accepted();
        hooks.heard("call.analyzed", &[&call]).await;
        hooks.heard("call.ended", &[&call]).await;
        hooks.heard("call.started", &[&call]).await;
        assert_eq!(names(&hooks.of(&call)), ["call.started", "call.ended", "call.analyzed"]);
    }),
    row!("`POST /v1/calls/{id}/close`", "closes an open call; `admin_closed` where no reason is given", |world| {
        let call = world.api.post_once(PATH, "c-close", &call_to("+15555550011")).await.accepted();
        let closed = world.api.post(&format!("{PATH}/{call}/close"), &json!({})).await;
        assert_eq!(closed.data(200)["endReason"], "admin_closed");
    }),
    row!("error `validation_error`, two agents", "400", |world| {
        let mut body = call_to("+15555550011");
        body["agentId"] = json!("4c9b6d5d-891c-8788-8cd6-acc5fee14962");
        assert_eq!(world.api.post_once(PATH, "c-two", &body).await.wrong_fields(), ["agentId", "agentSlug"]);
    }),
    row!("error `validation_error`, no agent", "400", |world| {
        let body = json!({"toNumber": "+15555550011"});
        assert_eq!(world.api.post_once(PATH, "c-none", &body).await.wrong_fields(), ["agentId"]);
    }),
    row!("error `validation_error`, no `fromNumber`", "400", |world| {
        let id = other_agent(world, "c-no-from").await;
        let body = json!({"agentId": id, "toNumber": "+15555550011"});
        assert_eq!(world.api.post_once(PATH, "c-no-from", &body).await.wrong_fields(), ["fromNumber"]);
    }),
    row!("error `unauthorized`", "401, for whatever is wrong with the key", |world| {
        let answer = world.api.without_key().post_once(PATH, "c-key", &call_to("+15555550011")).await;
        assert_eq!(code(&answer, 401), "unauthorized");
    }),
    row!("error `not_found`, agent", "404", |world| {
        let body = json!({"agentSlug": "nobody", "toNumber": "+15555550011"});
        assert_eq!(code(&world.api.post_once(PATH, "c-nobody", &body).await, 404), "not_found");
    }),
    row!("error `not_found`, conversation", "404, also for another organization's", |world| {
        let call = world.api.post_once(PATH, "c-foreign", &call_to("+15555550011")).await.accepted();
        let other = world.organization("elsewhere").await;
        let key = world.key(&other, |_| {}).await;
        let answer = world.api.with_key(&key).post(&format!("{PATH}/{call}/close"), &json!({})).await;
        assert_eq!(code(&answer, 404), "not_found");
    }),
];
