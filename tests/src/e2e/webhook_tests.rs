//! Tests of webhooks: registering, delivering, retrying.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use local::receiver::{Reply, Responder};
use serde_json::{Value, json};

use crate::harness::stack::hooks::{Hooks, VOICE, assert_no_gaps, names};
use crate::harness::stack::local_stack::{LocalStack, PATIENCE, dev, invoke_http, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_made_once_listed_without_its_secret_and_deleted() {
    let world = LocalStack::start().await;
    let body = json!({ "url": "http://127.0.0.1:9/hooks", "events": ["call.ended", "call.started", "call.ended"] });
    let made = world.api.post_once("/v1/webhooks", "hook", &body).await;
    let data = made.data(201).clone();
    assert!(data["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!(data["events"], json!(["call.ended", "call.started"]));
    assert_eq!((&data["isActive"], &data["is_active"]), (&json!(true), &json!(true)));
    let again = world.api.post_once("/v1/webhooks", "hook", &body).await;
    assert_eq!((again.data(201), again.is_replay()), (&data, true));
    let other = json!({ "url": "http://127.0.0.1:9/other", "events": ["call.ended"] });
    assert_eq!(world.api.post_once("/v1/webhooks", "hook", &other).await.refusal(422), "idempotency_key_reused");
    let without_key = world.api.post("/v1/webhooks", &other).await.data(201)["id"].clone();
    assert_ne!(without_key, data["id"]);

    let listed = world.api.get("/v1/webhooks?limit=1").await;
    assert_eq!(listed.data(200).as_array().map(Vec::len), Some(1));
    assert!(!listed.text().contains("whsec_"));
    let cursor = listed.body["meta"]["pagination"]["cursor"].as_str().expect("more").to_owned();
    let rest = world.api.get(&format!("/v1/webhooks?cursor={cursor}")).await;
    assert_eq!(rest.data(200).as_array().map(Vec::len), Some(1));

    let path = format!("/v1/webhooks/{}", data["id"].as_str().expect("an id"));
    let deleted = world.api.delete(&path).await;
    assert_eq!((deleted.status, deleted.bytes.len()), (204, 0));
    assert_eq!(world.api.delete(&path).await.refusal(404), "not_found");
    assert_eq!(world.api.get("/v1/webhooks").await.data(200)[0]["id"], without_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_endpoint_is_refused_with_every_wrong_field() {
    let world = LocalStack::start().await;
    let url = "http://127.0.0.1:9/hooks";
    for (body, expected) in [
        (json!({}), vec!["events", "url"]),
        (json!({ "url": 1, "events": [] }), vec!["events", "url"]),
        (json!({ "url": url, "events": "call.ended" }), vec!["events"]),
        (json!({ "url": url, "events": ["call.ended", "call.begun", 7] }), vec!["events[1]", "events[2]"]),
        (json!({ "url": "/hooks", "events": ["call.ended"] }), vec!["url"]),
        (json!({ "url": "ftp://127.0.0.1/", "events": ["x"] }), vec!["events[0]", "url"]),
        (json!({ "url": "http://10.0.0.1/", "events": ["call.ended"] }), vec!["url"]),
        (json!({ "url": url, "events": ["call.ended"], "isActive": "yes", "name": "x" }), vec!["isActive", "name"]),
    ] {
        assert_eq!(world.api.post("/v1/webhooks", &body).await.wrong_fields(), expected, "{body}");
    }
    assert_eq!(world.api.get("/v1/webhooks").await.data(200), &json!([]));
}

/// Registers an endpoint as in a deployment. Returns the status and the first refused field.
async fn register_deployed(world: &LocalStack, key: &str, url: &str) -> (u64, Value) {
    let event = json!({
        "headers": { "authorization": format!("Bearer {key}"), "content-type": "application/json" },
        "requestContext": { "requestId": "r" },
        "body": json!({ "url": url, "events": ["call.ended"] }).to_string(),
    });
    let (status, body) = invoke_http(world, "create-webhook", false, event).await;
    (status, body["error"]["details"][0]["field"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_takes_public_https_urls_only() {
    let world = LocalStack::start().await;
    let key = world.key(&dev(), |_| {}).await;
    for url in [
        "http://example.com/hooks",
        "https://127.0.0.1/hooks",
        "https://localhost/hooks",
        "https://10.1.2.3/hooks",
        "https://192.168.0.1/hooks",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/hooks",
        "https://[fd00:ec2::254]/hooks",
        "https://0x7f.1/hooks",
        "https://user:password@8.8.8.8/hooks",
    ] {
        assert_eq!(register_deployed(&world, &key, url).await, (400, json!("url")), "{url}");
    }
    assert_eq!(register_deployed(&world, &key, "https://8.8.8.8/hooks").await.0, 201);
}

/// Returns a responder that answers the first attempt with `reply` and later ones with 200. It counts the attempts.
fn at_first(reply: Reply, attempts: &Arc<AtomicUsize>) -> Responder {
    let attempts = Arc::clone(attempts);
    Arc::new(move |_| if attempts.fetch_add(1, Ordering::Relaxed) == 0 { reply } else { Reply::OK })
}

async fn a_failed_delivery_comes_again_with_the_same_id(world: &LocalStack, hooks: &mut Hooks, wait_s: i64) {
    let id = world.place(&hooks.id, "+15555550004").await;
    let (first, second) = (hooks.next().await, hooks.next().await);
    assert_eq!((&first.id, &first.body), (&second.id, &second.body));
    let seconds = |timestamp: &str| timestamp.parse::<i64>().expect("seconds");
    let waited = seconds(&second.timestamp) - seconds(&first.timestamp);
    assert!((wait_s..wait_s + 5).contains(&waited), "waited {waited} s instead of {wait_s}");
    assert_eq!(names(&hooks.of(&id)), ["call.ended"]);
}

async fn an_endpoint_that_is_gone_is_disabled_with_the_reason_on_it(world: &LocalStack) {
    let gone = Hooks::answering(world, Arc::new(|_| Reply { status: 410, header: None })).await;
    world.place("gone", "+15555550004").await;
    let disabled = async || {
        let listed = world.api.get("/v1/webhooks?limit=100").await;
        let endpoints = listed.data(200).as_array().cloned().unwrap_or_default();
        endpoints.into_iter().find(|endpoint| endpoint["id"] == gone.id.as_str() && endpoint["isActive"] == false)
    };
    let disabled = until("the endpoint is disabled", PATIENCE, disabled).await;
    assert_eq!(disabled["disabledReason"], "the endpoint answered 410 Gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_fails_is_tried_again_as_the_answer_asks() {
    // Each scenario has a stack of its own, because an endpoint gets the events of every call.
    let scenario = async |reply: Reply, wait_s: i64| {
        let world = LocalStack::start().await;
        let attempts = Arc::new(AtomicUsize::new(0));
        let mut hooks = Hooks::answering(&world, at_first(reply, &attempts)).await;
        a_failed_delivery_comes_again_with_the_same_id(&world, &mut hooks, wait_s).await;
        assert_eq!(attempts.load(Ordering::Relaxed), 2);
    };
    let gone = async {
        let world = LocalStack::start().await;
        an_endpoint_that_is_gone_is_disabled_with_the_reason_on_it(&world).await;
    };
    futures::join!(
        scenario(Reply { status: 500, header: None }, 5),
        scenario(Reply { status: 302, header: Some(("location", "http://127.0.0.1:9/elsewhere")) }, 5),
        scenario(Reply { status: 429, header: Some(("retry-after", "8")) }, 8),
        scenario(Reply { status: 503, header: Some(("retry-after", "1")) }, 5),
        gone,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subscribed_endpoint_hears_what_it_subscribed_to_from_then_on() {
    let world = LocalStack::start().await;
    let mut all = Hooks::register(&world).await;
    let mut also = Hooks::register(&world).await;
    let deleted = Hooks::register(&world).await;
    assert_eq!(world.api.delete(&format!("/v1/webhooks/{}", deleted.id)).await.status, 204);
    let paused = json!({ "url": "http://127.0.0.1:9/", "events": VOICE, "isActive": false });
    world.api.post("/v1/webhooks", &paused).await.data(201);
    let id = world.place("k", "+15555550123").await;
    world.call_when(&id, "in_progress").await;
    let mut late = Hooks::register(&world).await;
    for hooks in [&mut all, &mut also] {
        hooks.heard("call.analyzed", &[&id]).await;
        hooks.heard("call.ended", &[&id]).await;
        hooks.heard("call.started", &[&id]).await;
        assert_no_gaps(&hooks.of(&id));
    }
    late.heard("call.analyzed", &[&id]).await;
    late.heard("call.ended", &[&id]).await;
    assert_eq!(names(&late.of(&id)), ["call.ended", "call.analyzed"], "nothing earlier");
    assert!(names(&deleted.of(&id)).is_empty());
}
