//! Tests of accepting a call, and of the promises of the idempotency key.

use domain::time::Span;
use futures::future::join_all;
use serde_json::json;

use crate::harness::stack::hooks::Hooks;
use crate::harness::stack::local_stack::{LocalStack, call_to, dev};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_accepted_once_and_every_retry_hears_of_that_one() {
    let world = LocalStack::start().await;
    let request = json!({
        "agentSlug": "demo-voice",
        "toNumber": "+15555550011",
        "fromNumber": "+15555550199",
        "dynamicVariables": { "firstName": "Ada", "appointmentTime": "Monday at ten" },
        "metadata": { "orderId": "4711", "n": 1.0 },
    });
    let first = world.api.post_once("/v1/calls", "order-4711", &request).await;
    let id = first.accepted();
    assert_eq!(first.body["data"]["status"], "queued");
    assert!(!first.is_replay());
    assert_eq!(id.len(), 36);

    let again = world.api.post_once("/v1/calls", "order-4711", &request).await;
    assert_eq!((again.accepted(), again.is_replay()), (id.clone(), true));
    let reordered = r#" {"metadata":{"n":1,"orderId":"4711"}, "toNumber":"+15555550011", "fromNumber":"+15555550199",
        "dynamicVariables":{"appointmentTime":"Monday at ten","firstName":"Ada"}, "agentSlug":"demo-voice"} "#;
    let reordered = world.api.post_text("/v1/calls", "\"order-4711\"", reordered.to_owned()).await;
    assert_eq!((reordered.accepted(), reordered.is_replay()), (id.clone(), true), "by value, and the quoted key is it");

    let other = world.api.post_once("/v1/calls", "order-4711", &call_to("+15555550012")).await;
    assert_eq!(other.refusal(422), "idempotency_key_reused");
    let broken = world.api.post_text("/v1/calls", "order-4711", "{".to_owned()).await;
    assert_eq!(broken.refusal(422), "idempotency_key_reused", "before anything is judged");
    assert!(world.dials("+15555550012").await.is_empty());

    world.call_when(&id, "in_progress").await;
    let later = world.api.post_once("/v1/calls", "order-4711", &request).await;
    assert_eq!((later.accepted(), later.is_replay()), (id.clone(), true));
    assert_eq!(later.body["data"]["status"], "in_progress", "the current status");
    assert_eq!(world.dials("+15555550011").await, [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_requests_at_once_under_one_key_are_one_conversation_and_one_dial() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let requests = (0..200).map(|_| {
        let api = world.api.clone();
        tokio::spawn(async move { api.post_once("/v1/calls", "the-one", &call_to("+15555550001")).await })
    });
    let answers: Vec<_> = join_all(requests).await.into_iter().map(|answer| answer.expect("no panic")).collect();
    let id = answers[0].accepted();
    assert!(answers.iter().all(|answer| answer.accepted() == id));
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1, "one was the first");
    hooks.heard("call.ended", &[&id]).await;
    assert_eq!(world.dials("+15555550001").await, [id.as_str()]);
    let listed = world.api.get("/v1/calls").await;
    assert_eq!(listed.data(200).as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_an_accepted_request_is_answered_whatever_has_changed_since() {
    let world = LocalStack::start().await;
    let not_before = world.now() + Span::milliseconds(500);
    let mut short = call_to("+15555550130");
    short["notBefore"] = json!(not_before);
    short["notAfter"] = json!(not_before + Span::milliseconds(1));
    let short_id = world.api.post_once("/v1/calls", "short", &short).await.accepted();
    let mut later = call_to("+15555550131");
    later["notBefore"] = json!(world.now() + Span::hours(1));
    let later_id = world.api.post_once("/v1/calls", "later", &later).await.accepted();

    world.suppress(&dev(), "+15555550131").await;
    let suppressed = world.api.post_once("/v1/calls", "another", &later).await;
    assert_eq!(suppressed.refusal(403), "do_not_call");
    assert!(world.api.post_once("/v1/calls", "later", &later).await.is_replay());

    world.agent(&dev(), "demo-voice", |agent| agent.required_variables = vec!["firstName".to_owned()]).await;
    assert!(world.api.post_once("/v1/calls", "later", &later).await.is_replay());

    world.suspend(&dev()).await;
    let suspended = world.api.post_once("/v1/calls", "a third", &call_to("+15555550132")).await;
    assert_eq!(suspended.wrong_fields(), ["Idempotency-Key"], "a space is not visible");
    let suspended = world.api.post_once("/v1/calls", "third", &call_to("+15555550132")).await;
    assert_eq!(suspended.refusal(403), "permission_denied");
    let replay = world.api.post_once("/v1/calls", "later", &later).await;
    assert_eq!((replay.accepted(), replay.is_replay()), (later_id, true));

    let ended = world.call_when(&short_id, "ended").await;
    assert!(
        ["dispatch_deadline_exceeded", "organization_suspended"]
            .contains(&ended["endReason"].as_str().unwrap_or_default())
    );
    let replay = world.api.post_once("/v1/calls", "short", &short).await;
    assert_eq!((replay.accepted(), replay.is_replay()), (short_id, true), "its notAfter is past by now");
    assert_eq!(replay.body["data"]["status"], "ended");
    assert!(world.dials("+15555550130").await.is_empty());
    assert!(world.dials("+15555550132").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_leaves_nothing_behind_and_binds_no_key() {
    let world = LocalStack::start().await;
    let refused = world.api.post_once("/v1/calls", "k", &call_to("12345")).await;
    assert_eq!(refused.wrong_fields(), ["toNumber"]);
    let unknown = json!({ "agentSlug": "nobody", "toNumber": "+15555550011" });
    assert_eq!(world.api.post_once("/v1/calls", "k", &unknown).await.refusal(404), "not_found");
    assert_eq!(world.api.get("/v1/calls").await.data(200), &json!([]));
    let accepted = world.api.post_once("/v1/calls", "k", &call_to("+15555550011")).await;
    accepted.accepted();
    assert!(!accepted.is_replay(), "judged afresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_comes_back_to_the_letter() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let metadata = r#"{"z": 1.0, "a":12345678901234567890123,  "m":{"é":"é","e":1e2},"list":[ ]}"#;
    let body = format!(r#"{{"agentSlug":"demo-voice","toNumber":"+15555550123","metadata":{metadata}}}"#);
    let id = world.api.post_text("/v1/calls", "k", body).await.accepted();
    let call = world.api.get(&format!("/v1/calls/{id}")).await.text();
    assert!(call.contains(metadata), "{call}");
    let webhook = hooks.next().await;
    assert!(String::from_utf8_lossy(&webhook.body).contains(metadata), "{:?}", webhook.body);
    let events = world.api.get(&format!("/v1/calls/{id}/events")).await.text();
    assert!(events.contains(metadata), "{events}");

    let large = json!({ "agentSlug": "demo-voice", "toNumber": "+15555550011", "metadata": { "x": "y".repeat(16_000) },
        "dynamicVariables": { "long": "z".repeat(60_000) } });
    let id = world.api.post_once("/v1/calls", "large", &large).await.accepted();
    let call = world.call(&id).await;
    assert_eq!((&call["metadata"], &call["dynamicVariables"]), (&large["metadata"], &large["dynamicVariables"]));
}
