//! Tests of closing, of windows, and of calls that are not dialled after all.

use std::time::Duration;

use domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::harness::stack::hooks::{Hooks, names};
use crate::harness::stack::local_stack::{LocalStack, call_to, dev};

/// Closes a call and returns the data of the answer.
async fn close(world: &LocalStack, id: &str, body: &Value) -> Value {
    world.api.post(&format!("/v1/calls/{id}/close"), body).await.data(200).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_dialled_in_its_window_or_not_at_all() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let now = world.now();
    let windowed = |number: &str, not_before: Span| {
        let mut body = call_to(number);
        body["notBefore"] = json!(now + not_before);
        body
    };
    let place = async |key: &str, body: &Value| world.api.post_once("/v1/calls", key, body).await.accepted();
    let soon = place("soon", &windowed("+15555560001", Span::seconds(3))).await;
    let mut moment = windowed("+15555550141", Span::seconds(2));
    moment["notAfter"] = json!(now + Span::milliseconds(2_001));
    let moment = place("moment", &moment).await;
    let opted_out = place("opted-out", &windowed("+15555550142", Span::seconds(2))).await;
    let closed = place("closed", &windowed("+15555550143", Span::seconds(2))).await;

    world.suppress(&dev(), "+15555550142").await;
    let answer = close(&world, &closed, &json!({ "reason": "customer_called_back" })).await;
    assert_eq!((&answer["status"], &answer["endReason"]), (&json!("ended"), &json!("customer_called_back")));
    assert_eq!((&answer["conversationId"], &answer["alreadyClosed"]), (&json!(closed), &json!(false)));
    assert!(answer["endedAt"].is_string());

    hooks.heard("call.ended", &[&soon, &moment, &opted_out, &closed]).await;
    for (id, number, reason) in [
        (&moment, "+15555550141", "dispatch_deadline_exceeded"),
        (&opted_out, "+15555550142", "do_not_call"),
        (&closed, "+15555550143", "customer_called_back"),
    ] {
        let events = hooks.of(id);
        assert_eq!(names(&events), ["call.ended"], "{reason}");
        assert_eq!(events[0]["data"]["endReason"], reason);
        assert_eq!(events[0]["data"]["transcript"], Value::Null);
        assert!(world.dials(number).await.is_empty(), "{reason}");
    }
    let phone = world.api.get("/_local/phone/+15555560001").await.body;
    assert_eq!(phone["calls"].as_array().map(Vec::len), Some(1));
    let dialled = phone["calls"][0]["at"].as_str().and_then(|at| Timestamp::parse(at).ok()).expect("a moment");
    assert!(dialled >= now + Span::seconds(3), "{dialled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_call_is_hung_up_once_and_closing_it_again_changes_nothing() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let id = world.place("live", "+15555550011").await;
    world.call_when(&id, "in_progress").await;
    let first = close(&world, &id, &json!({})).await;
    assert_eq!((&first["endReason"], &first["alreadyClosed"]), (&json!("admin_closed"), &json!(false)));
    let second = close(&world, &id, &json!({ "reason": "another" })).await;
    let expected = json!({ "alreadyClosed": true, "conversationId": id, "endReason": "admin_closed",
        "endedAt": first["endedAt"], "status": "ended" });
    assert_eq!(second, expected);
    hooks.heard("call.analyzed", &[&id]).await;
    let events = hooks.of(&id);
    assert_eq!(names(&events), ["call.started", "call.ended", "call.analyzed"]);
    assert_eq!(events[1]["data"]["endReason"], "admin_closed");
    assert!(events[1]["data"]["transcript"].is_array(), "the provider confirmed, and brought what was said");
    assert_eq!(world.dials("+15555550011").await, [id]);

    let refused = world.place("refused", "+15555550011").await;
    for (body, field) in [
        (json!({ "reason": "" }), "reason"),
        (json!({ "reason": "x".repeat(129) }), "reason"),
        (json!({ "why": 1 }), "why"),
    ] {
        let answer = world.api.post(&format!("/v1/calls/{refused}/close"), &body).await;
        assert_eq!(answer.wrong_fields(), [field]);
    }
    assert_ne!(world.call(&refused).await["status"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_suspended_organization_is_dialled() {
    let world = LocalStack::start().await;
    let mut hooks = Hooks::register(&world).await;
    let mut body = call_to("+15555550150");
    body["notBefore"] = json!(world.now() + Span::seconds(1));
    let id = world.api.post_once("/v1/calls", "k", &body).await.accepted();
    world.suspend(&dev()).await;
    hooks.heard("call.ended", &[&id]).await;
    assert_eq!(hooks.of(&id)[0]["data"]["endReason"], "organization_suspended");
    assert!(world.dials("+15555550150").await.is_empty());
    assert!(hooks.is_silent(Duration::from_millis(200)).await);
    let refused = world.api.post_once("/v1/calls", "k2", &call_to("+15555550151")).await;
    assert_eq!(refused.refusal(403), "permission_denied");
    assert_eq!(world.api.get(&format!("/v1/calls/{id}")).await.status, 200, "it may still read");
}
