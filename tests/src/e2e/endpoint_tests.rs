//! Tests of the operations on an endpoint: change, secret rotation, test event, log, and redelivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use domain::signature::Secret;
use local::receiver::{Reply, Responder};
use serde_json::{Value, json};
use store::clock::Clock;

use crate::harness::stack::hooks::{Hooks, VOICE};
use crate::harness::stack::local_stack::{LocalStack, PATIENCE, dev, until};

/// Returns a responder that answers with the current value of `status`.
fn answering(status: &Arc<AtomicU16>) -> Responder {
    let status = Arc::clone(status);
    Arc::new(move |_| Reply { status: status.load(Ordering::SeqCst), ..Reply::OK })
}

/// Waits for the first delivery with this status in an endpoint's log, and returns it.
async fn logged(world: &LocalStack, endpoint: &str, status: &str) -> Value {
    let path = format!("/v1/webhooks/{endpoint}/deliveries?status={status}");
    let look = async || world.api.get(&path).await.data(200).get(0).cloned();
    until(&format!("a delivery is {status}"), PATIENCE, look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_shown_changed_field_by_field_and_refused_as_a_whole() {
    let world = LocalStack::start().await;
    let hooks = Hooks::register(&world).await;
    let path = format!("/v1/webhooks/{}", hooks.id);
    let shown = world.api.get(&path).await.data(200).clone();
    assert_eq!((&shown["events"], &shown["isActive"], &shown["secret"]), (&json!(VOICE), &json!(true), &Value::Null));

    let changed = world.api.patch(&path, &json!({ "events": ["call.ended"] })).await.data(200).clone();
    assert_eq!((&changed["events"], &changed["url"]), (&json!(["call.ended"]), &shown["url"]));
    assert_ne!(changed["updatedAt"], shown["updatedAt"]);
    let disabled = world.api.patch(&path, &json!({ "is_active": false })).await.data(200).clone();
    assert_eq!((&disabled["isActive"], &disabled["disabledReason"]), (&json!(false), &Value::Null));

    let wrong = json!({ "url": "ftp://example.com", "events": ["nothing"], "isActive": null, "name": "x" });
    let refused = world.api.patch(&path, &wrong).await;
    assert_eq!(refused.wrong_fields(), ["events[0]", "isActive", "name", "url"]);
    assert_eq!(world.api.get(&path).await.data(200), &disabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_is_rotated_both_sign_and_a_replay_shows_the_same_one() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let path = format!("/v1/webhooks/{}/rotate-secret", hooks.id);
    let rotated = world.api.post_once(&path, "rotation", &json!({})).await;
    let next = rotated.data(200)["secret"].as_str().expect("a secret").to_owned();
    assert!(rotated.data(200)["signedTwiceUntil"].is_string());
    let again = world.api.post_once(&path, "rotation", &json!({})).await;
    assert_eq!((again.data(200)["secret"].as_str(), again.is_replay()), (Some(next.as_str()), true));

    world.api.post(&format!("/v1/webhooks/{}/test", hooks.id), &json!({})).await.data(202);
    let webhook = hooks.next_unverified().await;
    let now = Clock::system().now();
    for secret in [hooks.secret(), &Secret::parse(&next).expect("a secret")] {
        webhook.verify(secret, now).expect("both sign");
    }
    for _ in 0..3 {
        world.api.post(&path, &json!({})).await.data(200);
    }
    assert_eq!(world.api.post(&path, &json!({})).await.refusal(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_reaches_an_endpoint_that_did_not_subscribe_to_it_and_there_are_only_so_many() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let path = format!("/v1/webhooks/{}/test", hooks.id);
    let sent = world.api.post_once(&path, "a-test", &json!({})).await;
    let event = hooks.next().await.event();
    assert_eq!(event["id"], sent.data(202)["eventId"]);
    assert_eq!((&event["event"], &event["mode"]), (&json!("webhook.test"), &json!("test")));
    assert_eq!(
        (&event["conversationId"], &event["sequence"], &event["channel"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let again = world.api.post_once(&path, "a-test", &json!({})).await;
    assert_eq!((again.data(202), again.is_replay()), (sent.data(202), true));
    let delivered = logged(&world, &hooks.id, "delivered").await;
    assert_eq!((&delivered["id"], &delivered["event"]), (&sent.data(202)["deliveryId"], &json!("webhook.test")));

    let mut limited = None;
    for _ in 0..21 {
        let answer = world.api.post(&path, &json!({})).await;
        if answer.status == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("at most ten a minute, and the minute may have turned once");
    assert_eq!(limited.refusal(429), "rate_limited");
    let wait: u32 = limited.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    world.api.patch(&format!("/v1/webhooks/{}", hooks.id), &json!({ "isActive": false })).await.data(200);
    assert_eq!(world.api.post(&path, &json!({})).await.refusal(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_refused_stands_in_its_log_and_is_sent_again_under_the_same_id() {
    let world = LocalStack::start().await;
    let status = Arc::new(AtomicU16::new(410));
    let mut hooks = Hooks::answering(&world, answering(&status)).await;
    let path = format!("/v1/webhooks/{}", hooks.id);
    let since = world.now();
    let call = world.place("refused", "+15555550001").await;
    let first = hooks.next().await.event();
    let failed = logged(&world, &hooks.id, "exhausted").await;
    assert_eq!((&failed["eventId"], &failed["conversationId"]), (&first["id"], &json!(call)));
    assert_eq!((&failed["attempts"][0]["status"], &failed["nextAttemptAt"]), (&json!(410), &Value::Null));
    let gone = async || Some(world.api.get(&path).await.data(200).clone()).filter(|shown| shown["isActive"] == false);
    let gone = until("410 disables the endpoint", PATIENCE, gone).await;
    assert_eq!(gone["disabledReason"], json!("the endpoint answered 410 Gone"));

    let redeliver = format!("{path}/deliveries/{}/redeliver", failed["id"].as_str().unwrap());
    assert_eq!(world.api.post(&redeliver, &json!({})).await.refusal(409), "conflict");
    status.store(500, Ordering::SeqCst);
    let enabled = world.api.patch(&path, &json!({ "isActive": true })).await.data(200).clone();
    assert_eq!((&enabled["isActive"], &enabled["disabledReason"]), (&json!(true), &Value::Null));
    let again = world.api.post(&redeliver, &json!({})).await.data(202).clone();
    assert_eq!((&again["status"], &again["eventId"]), (&json!("pending"), &first["id"]));
    assert_eq!(hooks.next().await.event(), first);

    status.store(410, Ordering::SeqCst);
    assert_eq!(hooks.next().await.event(), first, "the retry after five seconds");
    logged(&world, &hooks.id, "exhausted").await;
    let disabled = async || world.api.get(&path).await.data(200)["isActive"].as_bool().filter(|active| !active);
    until("410 disables it again", PATIENCE, disabled).await;
    status.store(200, Ordering::SeqCst);
    world.api.patch(&path, &json!({ "isActive": true })).await.data(200);
    let all = format!("{path}/redeliver");
    let answer = world.api.post(&all, &json!({ "since": since.to_string() })).await;
    assert_eq!(answer.data(202), &json!({ "redelivered": 1, "hasMore": false, "nextSince": null }));
    assert_eq!(hooks.next().await.event(), first);
    let delivered = logged(&world, &hooks.id, "delivered").await;
    assert_eq!(delivered["attempts"].as_array().map(Vec::len), Some(4));
    let nothing = world.api.post(&all, &json!({ "since": since.to_string() })).await;
    assert_eq!(nothing.data(202)["redelivered"], json!(0));
    assert_eq!(world.api.post(&all, &json!({})).await.wrong_fields(), ["since"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_an_endpoint_is_disabled_the_others_hear_of_it_and_the_audit_log_names_the_service() {
    let world = LocalStack::start().await;
    let gone = Hooks::answering(&world, answering(&Arc::new(AtomicU16::new(410)))).await;
    let mut other = Hooks::register(&world).await;
    let events = json!({ "events": ["endpoint.disabled"] });
    world.api.patch(&format!("/v1/webhooks/{}", other.id), &events).await.data(200);
    world.place("somebody", "+15555550001").await;
    let notice = other.next().await.event();
    assert_eq!(notice["event"], json!("endpoint.disabled"));
    assert_eq!((&notice["data"]["endpointId"], &notice["sequence"]), (&json!(gone.id), &Value::Null));

    let audit = world.api.get("/v1/audit").await.data(200).clone();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["webhook.disabled", "webhook.updated", "webhook.created", "webhook.created"]);
    assert_eq!(audit[0]["actor"], json!({ "by": "service" }));
    assert_eq!((&audit[1]["actor"]["by"], &audit[1]["changed"]), (&json!("api_key"), &json!(["events"])));
    let first = world.api.get("/v1/audit?limit=3").await;
    let cursor = first.body["meta"]["pagination"]["cursor"].as_str().expect("a second page").to_owned();
    let rest = world.api.get(&format!("/v1/audit?limit=3&cursor={cursor}")).await;
    assert_eq!(rest.data(200).as_array().map(Vec::len), Some(1));
    let live = world.key(&domain::ids::Scope { mode: domain::ids::Mode::Live, ..dev() }, |_| {}).await;
    assert_eq!(world.api.with_key(&live).get("/v1/audit").await.data(200), &json!([]));
}
