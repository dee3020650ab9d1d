//! Tests of SMS conversations over the API: opened, answered, taken over, superseded, refused.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::harness::stack::hooks::names;
use crate::harness::stack::local_stack::{LocalStack, PATIENCE, dev, until};

/// Number that the conversations of these tests are sent from, in E.164.
const OURS: &str = "+15555550177";

fn opening(to: &str) -> Value {
    json!({ "agentSlug": "demo-sms", "toNumber": to, "fromNumber": OURS, "welcomeMessage": "Hello {{name}}!" })
}

/// Opens a conversation under a key and returns its id.
async fn open(world: &LocalStack, key: &str, to: &str) -> String {
    let answer = world.api.post_once("/v1/sms-conversations", key, &opening(to)).await;
    let data = answer.data(201);
    // A conversation that was superseded before its opening message left has ended already.
    assert!(["in_progress", "ended"].contains(&data["status"].as_str().unwrap_or_default()), "{data}");
    assert!(data["providerMessageId"].is_string());
    data["conversationId"].as_str().expect("an id").to_owned()
}

async fn conversation(world: &LocalStack, id: &str) -> Value {
    world.api.get(&format!("/v1/sms-conversations/{id}")).await.data(200).clone()
}

async fn messages(world: &LocalStack, id: &str) -> Vec<Value> {
    let answer = world.api.get(&format!("/v1/sms-conversations/{id}/messages?limit=100")).await;
    answer.data(200).as_array().expect("a list").clone()
}

async fn events(world: &LocalStack, id: &str) -> Vec<Value> {
    let answer = world.api.get(&format!("/v1/sms-conversations/{id}/events?limit=100")).await;
    answer.data(200).as_array().expect("a list").clone()
}

/// Sends an SMS message from the customer with this number.
async fn customer_texts(world: &LocalStack, from: &str, content: &str) {
    let body = json!({ "from": from, "to": OURS, "content": content });
    let answer = world.api.without_key().post("/_local/sms", &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

/// Waits until a conversation has at least this many messages, and returns them.
async fn texts_when(world: &LocalStack, id: &str, count: usize) -> Vec<Value> {
    let found = async || Some(messages(world, id).await).filter(|messages| messages.len() >= count);
    until(&format!("{count} texts in {id}"), PATIENCE, found).await
}

async fn ended(world: &LocalStack, id: &str) -> Value {
    let found = async || Some(conversation(world, id).await).filter(|found| found["status"] == "ended");
    until(&format!("{id} has ended"), PATIENCE, found).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_opened_once_answered_and_read_back() {
    let world = LocalStack::start().await;
    let id = open(&world, "one", "+15555550210").await;
    assert_eq!(conversation(&world, &id).await["status"], "in_progress");
    let again = world.api.post_once("/v1/sms-conversations", "one", &opening("+15555550210")).await;
    assert!(again.is_replay());
    assert_eq!(again.data(201)["conversationId"], json!(id));
    let other = world.api.post_once("/v1/sms-conversations", "one", &opening("+15555550211")).await;
    assert_eq!(other.refusal(422), "idempotency_key_reused");

    customer_texts(&world, "+15555550210", "What are your opening hours?").await;
    let texts = texts_when(&world, &id, 3).await;
    let authors: Vec<&str> = texts.iter().filter_map(|text| text["author"].as_str()).collect();
    assert_eq!(authors, ["agent", "customer", "agent"]);
    assert_eq!(texts[0]["content"], "Hello {{name}}!", "it is sent exactly as given");
    let heard = async || {
        let events = events(&world, &id).await;
        let replies = events.iter().filter(|event| event["event"] == "sms.message_sent").count();
        Some(events).filter(|_| replies == 2)
    };
    let events = until("the answer has left", PATIENCE, heard).await;
    let order: Vec<&str> = names(&events).into_iter().filter(|name| *name != "sms.message_delivery_updated").collect();
    let expected = [
        "sms.message_sent",
        "sms.message_received",
        "sms.tool_call_invocation",
        "sms.tool_call_result",
        "sms.message_sent",
    ];
    assert_eq!(order, expected);
    let sequences: Vec<u64> = events.iter().filter_map(|event| event["sequence"].as_u64()).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_script_for_texts_ends_as_the_contract_says() {
    let world = LocalStack::start().await;
    let undelivered = open(&world, "0101", "+15555550101").await;
    let reversed = open(&world, "0106", "+15555550106").await;
    let stopped = open(&world, "0103", "+15555550103").await;
    let thrice = open(&world, "0104", "+15555550104").await;

    let refused = world.api.post_once("/v1/sms-conversations", "0107", &opening("+15555550107")).await;
    assert_eq!(refused.refusal(403), "do_not_call");
    let refused_id = refused.body["error"]["conversationId"].as_str().expect("it was written").to_owned();
    assert_eq!(ended(&world, &refused_id).await["endReason"], "opted_out");
    let again = world.api.post_once("/v1/sms-conversations", "0107", &opening("+15555550107")).await;
    assert_eq!(
        (again.refusal(403), again.body["error"]["conversationId"].as_str()),
        ("do_not_call", Some(&*refused_id))
    );

    let lost = world.api.post_once("/v1/sms-conversations", "0105", &opening("+15555550105")).await;
    assert_eq!(lost.data(202)["status"], "sending");
    let lost_id = lost.body["data"]["conversationId"].as_str().expect("an id").to_owned();
    let settled = async || Some(conversation(&world, &lost_id).await).filter(|found| found["status"] == "in_progress");
    until("its delivery report settles it", PATIENCE, settled).await;

    assert_eq!(ended(&world, &stopped).await["endReason"], "opted_out");
    let dialled =
        world.api.post_once("/v1/calls", "call", &crate::harness::stack::local_stack::call_to("+15555550103")).await;
    assert_eq!(dialled.refusal(403), "do_not_call", "both channels");

    for (id, state) in [(&undelivered, "undelivered"), (&reversed, "delivered")] {
        let reported = async || {
            let first = messages(&world, id).await.first().cloned();
            first.filter(|first| first["status"] == state)
        };
        until(&format!("the text is {state}"), PATIENCE, reported).await;
    }
    let texts = texts_when(&world, &thrice, 5).await;
    let replies = texts.iter().skip(1).filter(|text| text["author"] == "agent").count();
    assert_eq!(replies, 1, "a burst is answered once: {texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_openings_at_once_for_a_pair_leave_one_open_and_all_are_answered_201() {
    let world = LocalStack::start().await;
    let keys: Vec<String> = (0..50).map(|number| format!("pair-{number}")).collect();
    let ids = join_all(keys.iter().map(|key| open(&world, key, "+15555550220"))).await;
    let mut open_ids = Vec::new();
    for id in &ids {
        let found = conversation(&world, id).await;
        if found["status"] == "in_progress" {
            open_ids.push(id.clone());
        } else {
            assert_eq!(found["endReason"], "superseded_by_new_conversation");
        }
    }
    let [open_id] = open_ids.as_slice() else { panic!("{} are open", open_ids.len()) };
    customer_texts(&world, "+15555550220", "Which one is it?").await;
    texts_when(&world, open_id, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_and_hands_back() {
    let world = LocalStack::start().await;
    let id = open(&world, "one", "+15555550230").await;
    let path = format!("/v1/sms-conversations/{id}/messages");
    let body = json!({ "content": "It is me, Grace." });
    let sent = world.api.post_once(&path, "text", &body).await;
    assert_eq!(sent.data(201)["author"], "person");
    let again = world.api.post_once(&path, "text", &body).await;
    assert!(again.is_replay());
    assert_eq!(again.data(201)["messageId"], sent.body["data"]["messageId"]);
    let other = world.api.post_once(&path, "text", &json!({ "content": "Another" })).await;
    assert_eq!(other.refusal(422), "idempotency_key_reused");
    assert_eq!(conversation(&world, &id).await["takenOver"], true);

    customer_texts(&world, "+15555550230", "Thank you, Grace").await;
    texts_when(&world, &id, 3).await;
    let handed_back = world.api.post(&format!("/v1/sms-conversations/{id}/handback"), &json!({})).await;
    assert_eq!(handed_back.data(200)["takenOver"], false);
    let texts = texts_when(&world, &id, 4).await;
    assert_eq!(texts[3]["author"], "agent");

    let closed = world.api.post(&format!("/v1/sms-conversations/{id}/close"), &json!({})).await;
    assert_eq!(closed.data(200)["endReason"], "admin_closed");
    let late = world.api.post(&path, &body).await;
    assert_eq!(late.refusal(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_for_a_conversation_is_told_everything_at_once_and_leaves_nothing() {
    let world = LocalStack::start().await;
    let wrong = json!({
        "agentId": "no", "toNumber": "5550100", "fromNumber": "x", "welcomeMessage": " ", "dynamicVariables": {"a": 1},
        "clientOrgId": "acme", "notBefore": "2030-01-01T00:00:00Z"
    });
    let answer = world.api.post("/v1/sms-conversations", &wrong).await;
    let fields =
        ["agentId", "clientOrgId", "dynamicVariables.a", "fromNumber", "notBefore", "toNumber", "welcomeMessage"];
    assert_eq!(answer.wrong_fields(), fields);
    let mut without = opening("+15555550240");
    without["welcomeMessage"] = Value::Null;
    without["fromNumber"] = Value::Null;
    let answer = world.api.post("/v1/sms-conversations", &without).await;
    assert_eq!(answer.wrong_fields(), ["fromNumber", "welcomeMessage"]);
    let mut voice = opening("+15555550240");
    voice["agentSlug"] = json!("demo-voice");
    assert_eq!(world.api.post("/v1/sms-conversations", &voice).await.refusal(404), "not_found");
    world.suppress(&dev(), "+15555550241").await;
    let suppressed = world.api.post("/v1/sms-conversations", &opening("+15555550241")).await;
    assert_eq!(suppressed.refusal(403), "do_not_call");
    let listed = world.api.get("/v1/sms-conversations").await;
    assert_eq!(listed.data(200), &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_is_stored_and_answered() {
    let world = LocalStack::start().await;
    let id = open(&world, "one", "+15555550250").await;
    let texts = ["", "\u{0}", "שלום 👋🏽", &"x".repeat(10_000)];
    for (place, content) in texts.iter().enumerate() {
        customer_texts(&world, "+15555550250", content).await;
        let taken = async || {
            let inbound = messages(&world, &id).await.into_iter().filter(|text| text["author"] == "customer").count();
            (inbound > place).then_some(())
        };
        until("the text is stored", PATIENCE, taken).await;
    }
    let stored = messages(&world, &id).await;
    let stored: Vec<&str> =
        stored.iter().filter(|text| text["author"] == "customer").filter_map(|text| text["content"].as_str()).collect();
    assert_eq!(stored, texts);
    let answered = async || messages(&world, &id).await.last().filter(|last| last["author"] == "agent").map(|_| ());
    until("they are answered", PATIENCE, answered).await;
}
