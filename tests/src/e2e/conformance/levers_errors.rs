//! Document 004: the refusals of levers' API facade and their words.

use domain::key::Permission;
use domain::wallet::Rate;
use serde_json::{Value, json};

use super::levers::{PATH, asks, request};
use super::{Document, Row, places};
use crate::harness::stack::api::Answer;
use crate::harness::stack::local_stack::{LocalStack, dev};

pub(super) static DOCUMENT: Document = Document { title: "004 Errors (levers)", rows: &ROWS };

/// Returns the code of `{"detail": "<code>: <text>"}`.
#[track_caller]
fn detail(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text());
    let (code, text) = answer.body["detail"].as_str().and_then(|detail| detail.split_once(": ")).expect("a detail");
    assert!(!text.is_empty());
    code
}

async fn refused_at(world: &LocalStack, fields: Value) -> Vec<String> {
    places(&asks(world, "+15555550011", fields).await)
}

static ROWS: [Row; 17] = [
    row!("422 `numberToCall`", "required, 1 to 100 characters, a number", |world| {
        assert_eq!(places(&world.api.post(PATH, &json!({})).await), ["body.numberToCall"]);
        for number in ["", "x", &"5".repeat(101), "900 555 0123"] {
            assert_eq!(places(&asks(world, number, json!({})).await), ["body.numberToCall"], "{number}");
        }
        for wrong in [json!(null), json!(5551234), json!(["+15555550011"])] {
            assert_eq!(places(&world.api.post(PATH, &json!({"numberToCall": wrong})).await), ["body.numberToCall"]);
        }
    }),
    row!("422 `countryCode`", "two capital letters, of a country", |world| {
        for wrong in [json!("us"), json!("USA"), json!("U"), json!(1), json!("XX")] {
            assert_eq!(refused_at(world, json!({"countryCode": wrong})).await, ["body.countryCode"], "{wrong}");
        }
    }),
    row!("422 `firstName`, `lastName`, `email`", "texts", |world| {
        for name in ["firstName", "lastName", "email"] {
            assert_eq!(refused_at(world, json!({name: 5})).await, [format!("body.{name}")]);
        }
    }),
    row!("422 `contactUuid`", "a UUID", |world| {
        assert_eq!(refused_at(world, json!({"contactUuid": "x"})).await, ["body.contactUuid"]);
    }),
    row!("422 `aiSettingsTemplateId`", "a UUID", |world| {
        assert_eq!(refused_at(world, json!({"aiSettingsTemplateId": 7})).await, ["body.aiSettingsTemplateId"]);
    }),
    row!("422 `updateExisting`", "true or false", |world| {
        assert_eq!(refused_at(world, json!({"updateExisting": "yes"})).await, ["body.updateExisting"]);
    }),
    row!("422 `metadata`", "an object", |world| {
        assert_eq!(refused_at(world, json!({"metadata": "x"})).await, ["body.metadata"]);
        assert_eq!(refused_at(world, json!({"metadata": {"x": "y".repeat(20_000)}})).await, ["body.metadata"]);
    }),
    row!("422 `promptTags`", "an object of texts", |world| {
        assert_eq!(refused_at(world, json!({"promptTags": []})).await, ["body.promptTags"]);
        let tags = json!({"promptTags": {"a": "x", "b": 1, "c": {}}});
        assert_eq!(refused_at(world, tags).await, ["body.promptTags.b", "body.promptTags.c"]);
    }),
    row!("422, everything", "that is wrong, in one answer", |world| {
        let body = json!({"numberToCall": "", "countryCode": "usa", "email": 1, "contactUuid": 1, "promptTags": 1});
        let expected = ["numberToCall", "email", "contactUuid", "promptTags", "countryCode"];
        assert_eq!(places(&world.api.post(PATH, &body).await), expected.map(|field| format!("body.{field}")));
    }),
    row!("422, the body", "no JSON object", |world| {
        for body in ["", "{", "[]", "1"] {
            assert_eq!(places(&world.api.post_text(PATH, "l-json", body.to_owned()).await), ["body"], "{body}");
        }
    }),
    row!("402", "`insufficient_funds`", |world| {
        let scope = world.organization("penniless").await;
        let agent = world.agent(&scope, "l-paid", |agent| {
            agent.number = domain::phone::PhoneNumber::parse("+15555550171").ok();
        });
        let agent = agent.await;
        let rate = Rate { per_minute_minor: 10, currency: "USD".to_owned() };
        world.table.meter(&scope, &rate).await.expect("the table takes it");
        let key = world.key(&scope, |_| {}).await;
        let body = request("+15555550011", json!({"aiSettingsTemplateId": agent}));
        let api = world.api.with_key(&key);
        assert_eq!(detail(&api.post(PATH, &body).await, 402), "insufficient_funds");
        assert_eq!(api.get("/v1/contacts").await.data(200), &json!([]), "no contact was made");
    }),
    row!("403", "`permission_denied`", |world| {
        let key = world.key(&dev(), |key| key.permissions = vec![Permission::CanReadConversations]).await;
        let answer = world.api.with_key(&key).post(PATH, &request("+15555550011", json!({}))).await;
        assert_eq!(detail(&answer, 403), "permission_denied");
    }),
    row!("403, suppressed", "`do_not_call`, however the number is written", |world| {
        world.suppress(&dev(), "+15555550063").await;
        assert_eq!(detail(&asks(world, "(555) 555-0063", json!({})).await, 403), "do_not_call");
    }),
    row!("404", "no such agent, or no default agent", |world| {
        let nobody = json!({"aiSettingsTemplateId": "550e8400-e29b-41d4-a716-446655440000"});
        assert_eq!(detail(&asks(world, "+15555550011", nobody).await, 404), "not_found");
        let key = world.key(&world.organization("agentless").await, |_| {}).await;
        let answer = world.api.with_key(&key).post(PATH, &request("+15555550011", json!({}))).await;
        assert_eq!(detail(&answer, 404), "not_found");
    }),
    row!("404, numberless", "`no_phone_number`", |world| {
        let id = world.agent(&dev(), "l-numberless", |_| {}).await;
        let answer = asks(world, "+15555550011", json!({"aiSettingsTemplateId": id})).await;
        assert_eq!(detail(&answer, 404), "no_phone_number");
    }),
    row!("413 and 415", "in the same shape", |world| {
        let large = request("+15555550011", json!({"metadata": {"x": "y".repeat(300_000)}})).to_string();
        assert_eq!(detail(&world.api.post_text(PATH, "l-large", large).await, 413), "payload_too_large");
        let post = world.api.request(reqwest::Method::POST, PATH).header("content-type", "text/plain").body("{}");
        assert_eq!(detail(&crate::harness::stack::api::answer(post).await, 415), "unsupported_media_type");
    }),
    row!("422, the key", "used for another request", |world| {
        world.api.post_once(PATH, "l-key", &request("+15555550011", json!({}))).await;
        let other = world.api.post_once(PATH, "l-key", &request("+15555550012", json!({}))).await;
        assert_eq!(detail(&other, 422), "idempotency_key_reused");
    }),
];
