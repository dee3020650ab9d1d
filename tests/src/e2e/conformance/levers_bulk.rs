//! Wire facts §1.4: many calls in one request over levers' API facade.

use serde_json::{Value, json};

use super::{Document, Row, places};
use crate::harness::stack::api::Answer;
use crate::harness::stack::local_stack::{LocalStack, PATIENCE, dev, until};

pub(super) static DOCUMENT: Document = Document { title: "004 Call in bulk (levers)", rows: &ROWS };

const PATH: &str = "/ai/phone-calls/action/call-bulk";

fn contacts(count: usize) -> Value {
    (0..count).map(|index| json!({"numberToCall": format!("+1555557{index:04}")})).collect()
}

async fn asks(world: &LocalStack, key: &str, body: &Value) -> Answer {
    let answer = world.api.post_once(PATH, key, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer
}

fn counts(answer: &Answer) -> [u64; 4] {
    ["total", "accepted", "refused", "queued"].map(|name| answer.body[name].as_u64().expect("a number"))
}

async fn refused_at(world: &LocalStack, changes: Value) -> Vec<String> {
    let mut body = json!({"contacts": contacts(1)});
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    places(&world.api.post(PATH, &body).await)
}

static ROWS: [Row; 12] = [
    row!("answer `201`", "what became of each item, in order", |world| {
        world.suppress(&dev(), "+15555550064").await;
        let contacts = json!([
            {"numberToCall": "+15555550011", "firstName": "Ada", "metadata": {"n": 1}},
            {"numberToCall": "+15555550064"},
            {"numberToCall": "nobody"},
            {"numberToCall": "050 123 4567"},
        ]);
        let answer = asks(world, "b-each", &json!({"contacts": contacts, "countryCode": "SA"})).await;
        assert_eq!(counts(&answer), [4, 2, 2, 0], "{}", answer.text());
        let item = |index: usize| answer.body["items"][index].clone();
        let details = [1, 2].map(|index| item(index)["detail"].as_str().unwrap_or_default().to_owned());
        assert!(
            details[0].starts_with("do_not_call: ") && details[1].starts_with("invalid_phone_number: "),
            "{details:?}"
        );
        let call = world.call(item(3)["conversationId"].as_str().expect("an id")).await;
        assert_eq!(call["toNumber"], "+966501234567");
        let call = world.call(item(0)["conversationId"].as_str().expect("an id")).await;
        assert_eq!(call["metadata"], json!({"requestMetadata": {"n": 1}}));
    }),
    row!("header `Idempotency-Key`", "a replay shows the same; another request is 422", |world| {
        let body = json!({"contacts": contacts(3)});
        let first = asks(world, "b-again", &body).await;
        let again = asks(world, "b-again", &body).await;
        assert_eq!((counts(&again), again.is_replay()), (counts(&first), true));
        assert_eq!(again.body["items"], first.body["items"]);
        let other = world.api.post_once(PATH, "b-again", &json!({"contacts": contacts(2)})).await;
        assert_eq!(other.status, 422);
        assert!(other.text().contains("idempotency_key_reused"), "{}", other.text());
    }),
    row!("over 100 items", "accepted through a queue", |world| {
        let body = json!({"contacts": contacts(130)});
        let first = asks(world, "b-many", &body).await;
        assert_eq!(counts(&first), [130, 0, 0, 130]);
        let done = async || Some(asks(world, "b-many", &body).await).filter(|answer| answer.body["accepted"] == 130);
        let last = until("all items are accepted", PATIENCE, done).await;
        let ids = |answer: &Answer| -> Vec<Value> {
            answer.body["items"].as_array().expect("items").iter().map(|item| item["conversationId"].clone()).collect()
        };
        assert_eq!(ids(&last), ids(&first));
        world.call(ids(&last)[129].as_str().expect("an id")).await;
    }),
    row!("over 100 items, one of them refused", "refused for good, item by item", |world| {
        world.suppress(&dev(), "+15555550065").await;
        let mut body = json!({"contacts": contacts(101)});
        body["contacts"][7]["numberToCall"] = json!("+15555550065");
        asks(world, "b-refused", &body).await;
        let done = async || Some(asks(world, "b-refused", &body).await).filter(|answer| answer.body["queued"] == 0);
        let last = until("all items are decided", PATIENCE, done).await;
        assert_eq!(counts(&last), [101, 100, 1, 0]);
        assert_eq!(last.body["items"][7]["status"], "refused");
    }),
    row!("field `contacts`", "1 to 1,000", |world| {
        assert_eq!(places(&world.api.post(PATH, &json!({})).await), ["body.contacts"]);
        for wrong in [json!([]), json!({}), contacts(1_001)] {
            assert_eq!(refused_at(world, json!({"contacts": wrong})).await, ["body.contacts"]);
        }
    }),
    row!("422 within `contacts`", "at its place, and all of it at once", |world| {
        let wrong =
            json!([{"numberToCall": "+15555550011"}, {"email": 5}, 7, {"numberToCall": "", "promptTags": {"a": 1}}]);
        let expected = [
            "body.contacts.2",
            "body.contacts.1.numberToCall",
            "body.contacts.1.email",
            "body.contacts.3.numberToCall",
            "body.contacts.3.promptTags.a",
        ];
        let mut found = refused_at(world, json!({"contacts": wrong})).await;
        found.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected);
    }),
    row!("field `batchSize`", "10 to 1,000; nothing depends on it", |world| {
        for wrong in [json!(9), json!(1_001), json!("x"), json!(10.5)] {
            assert_eq!(refused_at(world, json!({"batchSize": wrong})).await, ["body.batchSize"], "{wrong}");
        }
        asks(world, "b-size", &json!({"contacts": contacts(1), "batchSize": 10})).await;
    }),
    row!("fields `aiSettingsTemplateId`, `updateExisting`, `countryCode`", "as for one call", |world| {
        assert_eq!(refused_at(world, json!({"aiSettingsTemplateId": "x"})).await, ["body.aiSettingsTemplateId"]);
        assert_eq!(refused_at(world, json!({"updateExisting": 1})).await, ["body.updateExisting"]);
        assert_eq!(refused_at(world, json!({"countryCode": "usa"})).await, ["body.countryCode"]);
        let nobody = json!({"contacts": contacts(1), "aiSettingsTemplateId": "550e8400-e29b-41d4-a716-446655440000"});
        assert_eq!(world.api.post_once(PATH, "b-nobody", &nobody).await.status, 404);
    }),
    row!("a body of 2 MiB", "taken; a larger one is 413", |world| {
        let padded = |bytes: usize| {
            let body = json!({"contacts": contacts(2)}).to_string();
            format!("{body}{}", " ".repeat(bytes - body.len()))
        };
        let taken = world.api.post_text(PATH, "b-large", padded(2 * 1024 * 1024)).await;
        assert_eq!(taken.status, 201, "{}", taken.text());
        let refused = world.api.post_text(PATH, "b-larger", padded(2 * 1024 * 1024 + 1)).await;
        assert_eq!(refused.status, 413);
        assert!(refused.text().contains("2 MiB"), "{}", refused.text());
    }),
    row!("a number in several items", "called once; the later items are refused as duplicates of the first", |world| {
        let contacts = json!([
            {"numberToCall": "+1 201 555 0123"},
            {"numberToCall": "+12015550199"},
            {"numberToCall": "(201) 555-0123"},
            {"numberToCall": "+12015550123"},
        ]);
        let body = json!({"contacts": contacts, "countryCode": "US"});
        let answer = asks(world, "b-twice", &body).await;
        assert_eq!(counts(&answer), [4, 2, 2, 0], "{}", answer.text());
        for index in [2, 3] {
            let detail = answer.body["items"][index]["detail"].as_str().unwrap_or_default();
            assert!(detail.starts_with("duplicate_number: ") && detail.contains("contacts[0]"), "{detail}");
        }
        assert_eq!(asks(world, "b-twice", &body).await.body["items"], answer.body["items"]);
    }),
    row!("fields `notBefore`, `notAfter`", "the native window, item by item", |world| {
        let contacts = json!([{"numberToCall": "+15555550011", "notBefore": "2099-01-01T00:00:00.000Z"}]);
        let answer = asks(world, "b-later", &json!({"contacts": contacts})).await;
        let call = world.call(answer.body["items"][0]["conversationId"].as_str().expect("an id")).await;
        assert_eq!((&call["status"], &call["notBefore"]), (&json!("queued"), &json!("2099-01-01T00:00:00.000Z")));
        let wrong = json!([{"numberToCall": "+15555550011", "notBefore": "soon"}]);
        assert_eq!(refused_at(world, json!({"contacts": wrong})).await, ["body.contacts.0.notBefore"]);
    }),
    row!("field `metadata` of an item", "back to the letter; 16 KiB as it is written", |world| {
        let metadata = r#"{"n": 1e29,  "one": 1.0, "big": 12345678901234567890123}"#;
        let body = format!(r#"{{"contacts": [{{"numberToCall": "+15555550011", "metadata": {metadata}}}]}}"#);
        let answer = world.api.post_text(PATH, "b-letter", body).await;
        assert_eq!(counts(&answer), [1, 1, 0, 0], "{}", answer.text());
        let id = answer.body["items"][0]["conversationId"].as_str().expect("an id");
        let call = world.api.get(&format!("/v1/calls/{id}")).await.text();
        assert!(call.contains(&format!(r#"{{"requestMetadata":{metadata}}}"#)), "{call}");
        let wide = format!(
            r#"{{"contacts": [{{"numberToCall": "+15555550011", "metadata": {{"a": {}1}}}}]}}"#,
            " ".repeat(16 * 1024)
        );
        assert_eq!(places(&world.api.post_text(PATH, "b-wide", wide).await), ["body.contacts.0.metadata"]);
    }),
];
