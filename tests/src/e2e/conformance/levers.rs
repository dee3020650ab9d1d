//! Document 004: calling a contact over levers' API facade: its fields and answers.

use serde_json::{Map, Value, json};

use super::{Document, Row, kept, places};
use crate::harness::stack::api::Answer;
use crate::harness::stack::hooks::Hooks;
use crate::harness::stack::local_stack::{LocalStack, dev};

pub(super) static DOCUMENT: Document = Document { title: "004 Call a contact (levers)", rows: &ROWS };

pub(super) const PATH: &str = "/ai/phone-calls/action/call";

/// Returns a request for this number with these fields.
pub(super) fn request(number: &str, fields: Value) -> Value {
    let mut body = fields;
    body["numberToCall"] = json!(number);
    body
}

pub(super) async fn asks(world: &LocalStack, number: &str, fields: Value) -> Answer {
    world.api.post(PATH, &request(number, fields)).await
}

#[track_caller]
pub(super) fn accepted(answer: &Answer) -> &str {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.body["conversationId"].as_str().expect("an id")
}

async fn contact(world: &LocalStack, answer: &Answer) -> Value {
    let id = answer.body["contactUuid"].as_str().expect("a contact").to_owned();
    world.api.get(&format!("/v1/contacts/{id}")).await.data(200).clone()
}

/// Creates an agent with this prompt and returns its id.
async fn prompted(world: &LocalStack, slug: &str, prompt: &str) -> String {
    let scope = dev();
    let id = world.agent(&scope, slug, |agent| {
        agent.number = domain::phone::PhoneNumber::parse("+15555550170").ok();
        agent.prompt = Some(prompt.to_owned());
    });
    id.await.to_string()
}

static ROWS: [Row; 17] = [
    row!(
        "answer `201`",
        "what it holds the document does not say: `conversationId`, `contactUuid`, `numberToCall`, `status`",
        |world| {
            let answer = asks(world, "+15555550011", json!({})).await;
            let call = world.call(accepted(&answer)).await;
            assert_eq!(
                (&answer.body["numberToCall"], &answer.body["status"]),
                (&json!("+15555550011"), &json!("queued"))
            );
            assert_eq!(call["contactId"], answer.body["contactUuid"]);
        }
    ),
    row!("field `numberToCall`", "a contact is made if there is none", |world| {
        let answer =
            asks(world, "+15555550211", json!({"firstName": "Ada", "lastName": "Lovelace", "email": "a@b.c"})).await;
        let contact = contact(world, &answer).await;
        let details = ["phoneNumber", "firstName", "lastName", "email"].map(|name| contact[name].clone());
        assert_eq!(details, [json!("+15555550211"), json!("Ada"), json!("Lovelace"), json!("a@b.c")]);
    }),
    row!("field `numberToCall`, again", "the contact is found by it", |world| {
        let one = asks(world, "+15555550212", json!({"firstName": "Ada"})).await;
        let other = asks(world, "+1 555 555 0212", json!({})).await;
        assert_eq!(one.body["contactUuid"], other.body["contactUuid"]);
    }),
    row!("field `countryCode`", "the country of a local number; the organization's where it is left out", |world| {
        let answer = asks(world, "050 123 4567", json!({"countryCode": "SA"})).await;
        assert_eq!(answer.body["numberToCall"], "+966501234567", "{}", answer.text());
        assert_eq!(kept(world, accepted(&answer)).await.content.raw_number.as_deref(), Some("050 123 4567"));
        let answer = asks(world, "(555) 555-0011", json!({})).await;
        assert_eq!(answer.body["numberToCall"], "+15555550011");
    }),
    row!("fields `firstName`, `lastName`, `email`", "leave a contact that is there as it is", |world| {
        asks(world, "+15555550213", json!({"firstName": "Ada", "email": "a@b.c"})).await;
        let answer = asks(world, "+15555550213", json!({"firstName": "Eve", "lastName": "King"})).await;
        let contact = contact(world, &answer).await;
        assert_eq!((&contact["firstName"], &contact["lastName"]), (&json!("Ada"), &Value::Null));
    }),
    row!("field `updateExisting`", "true: they change it", |world| {
        asks(world, "+15555550214", json!({"firstName": "Ada", "email": "a@b.c"})).await;
        let changes = json!({"firstName": "Eve", "lastName": "King", "updateExisting": true});
        let answer = asks(world, "+15555550214", changes).await;
        let contact = contact(world, &answer).await;
        let details = ["firstName", "lastName", "email"].map(|name| contact[name].clone());
        assert_eq!(details, [json!("Eve"), json!("King"), json!("a@b.c")]);
    }),
    row!("field `contactUuid`", "links the call to that contact", |world| {
        let made = asks(world, "+15555550215", json!({})).await;
        let answer = asks(world, "+15555550216", json!({"contactUuid": made.body["contactUuid"]})).await;
        assert_eq!(answer.body["contactUuid"], made.body["contactUuid"]);
        assert_eq!(world.call(accepted(&answer)).await["toNumber"], "+15555550216");
    }),
    row!("field `contactUuid`, unknown", "the contact is found by number, else made", |world| {
        let nobody = json!({"contactUuid": "550e8400-e29b-41d4-a716-446655440000"});
        let answer = asks(world, "+15555550217", nobody).await;
        assert_eq!(contact(world, &answer).await["phoneNumber"], "+15555550217");
    }),
    row!("field `aiSettingsTemplateId`", "the agent; the organization's default agent where it is left out", |world| {
        let id = prompted(world, "l-agent", "Be kind.").await;
        let answer = asks(world, "+15555550011", json!({"aiSettingsTemplateId": id})).await;
        assert_eq!(world.call(accepted(&answer)).await["agentSlug"], "l-agent");
        let answer = asks(world, "+15555550011", json!({})).await;
        assert_eq!(world.call(accepted(&answer)).await["agentSlug"], "demo-voice");
    }),
    row!("field `metadata`", "comes back in events as `requestMetadata`", |world| {
        let mut hooks = Hooks::register(world).await;
        let answer = asks(world, "+15555550001", json!({"metadata": {"project_id": "proj_123", "n": 1.0}})).await;
        let id = accepted(&answer).to_owned();
        hooks.heard("call.ended", &[&id]).await;
        let metadata = &hooks.of(&id)[0]["metadata"];
        assert_eq!(metadata, &json!({"requestMetadata": {"project_id": "proj_123", "n": 1.0}}));
    }),
    row!("field `promptTags`", "each `{{key}}` in the prompt is replaced before the call starts", |world| {
        let prompt = "You are a collections agent. The customer owes {{amount}} due by {{due_date}}.";
        let id = prompted(world, "l-collections", prompt).await;
        let tags = json!({"amount": "$500.00", "due_date": "January 15, 2026", "guardrail": "No late fees."});
        let answer = asks(world, "+15555550011", json!({"aiSettingsTemplateId": id, "promptTags": tags})).await;
        let prompt = kept(world, accepted(&answer)).await.content.prompt;
        let expected = "You are a collections agent. The customer owes $500.00 due by January 15, 2026.";
        assert_eq!(prompt.as_deref(), Some(expected));
    }),
    row!("`promptTags` and `metadata`", "are separate: tags go into the prompt and nowhere else", |world| {
        let id = prompted(world, "l-separate", "Owes {{amount}}.").await;
        let fields = json!({"aiSettingsTemplateId": id, "promptTags": {"amount": "$1"}, "metadata": {"k": "v"}});
        let answer = asks(world, "+15555550011", fields).await;
        let content = kept(world, accepted(&answer)).await.content;
        assert_eq!(content.dynamic_variables, Map::new());
        assert_eq!(
            content.metadata.map(|raw| raw.get().to_owned()).as_deref(),
            Some(r#"{"requestMetadata":{"k":"v"}}"#)
        );
    }),
    row!("a tag that the prompt needs and the request lacks", "422, at its place", |world| {
        let id = prompted(world, "l-needy", "Owes {{amount}}.").await;
        let answer = asks(world, "+15555550011", json!({"aiSettingsTemplateId": id})).await;
        assert_eq!(places(&answer), ["body.promptTags.amount"]);
    }),
    row!("optional fields", "may each be null", |world| {
        let names = [
            "firstName",
            "lastName",
            "email",
            "metadata",
            "promptTags",
            "contactUuid",
            "aiSettingsTemplateId",
            "countryCode",
            "updateExisting",
        ];
        let fields: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        accepted(&asks(world, "+15555550011", Value::Object(fields)).await);
    }),
    row!("other fields", "ignored", |world| {
        accepted(&asks(world, "+15555550011", json!({"something": 1})).await);
    }),
    row!("header `Idempotency-Key`", "the same call again, with its current status", |world| {
        let body = request("+15555550001", json!({"firstName": "Ada"}));
        let first = world.api.post_once(PATH, "l-again", &body).await;
        world.call_when(accepted(&first), "ended").await;
        let again = world.api.post_once(PATH, "l-again", &body).await;
        assert_eq!((accepted(&again), again.is_replay()), (accepted(&first), true));
        assert_eq!(again.body["status"], "ended");
    }),
    row!("header `Authorization`", "`Bearer <token>`", |world| {
        let answer = world.api.without_key().post(PATH, &request("+15555550011", json!({}))).await;
        assert_eq!(answer.status, 401);
        assert!(
            answer.body["detail"].as_str().is_some_and(|text| text.starts_with("unauthorized: ")),
            "{}",
            answer.text()
        );
    }),
];
