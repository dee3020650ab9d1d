//! Tests of an organization's bounds, set by the operator, and of a key's limits, over the API.

use domain::ids::{Mode, Scope};
use domain::phone::{Country, PhoneNumber};
use serde_json::json;

use crate::harness::stack::local_stack::{LocalStack, dev};

#[tokio::test(flavor = "multi_thread")]
async fn a_live_call_goes_to_the_countries_that_the_organization_may_call_and_a_test_call_anywhere() {
    let world = LocalStack::start().await;
    let test = world.organization("abroad").await;
    let live = Scope { mode: Mode::Live, ..test.clone() };
    let number = PhoneNumber::parse("+15555550100").expect("a number");
    world.edits(&live, |organization| organization.numbers = vec![number.clone()]).await;
    world.agent(&live, "voice", |_| {}).await;
    let api = world.api.with_key(&world.key(&live, |_| {}).await);
    let call = |to: &str| json!({"agentSlug": "voice", "fromNumber": "+15555550100", "toNumber": to});
    let refused = api.post_once("/v1/calls", "to-germany", &call("+49301234567")).await;
    assert_eq!(refused.refusal(403), "permission_denied");
    assert!(refused.text().contains("country"), "{}", refused.text());
    api.post_once("/v1/calls", "home", &call("+15555550123")).await.accepted();
    assert_eq!(api.post_once("/v1/calls", "canada", &call("+14165550123")).await.refusal(403), "permission_denied");

    let germany = Country::parse("DE").expect("a country");
    world.edits(&live, |organization| organization.bounds.countries = vec![germany]).await;
    api.post_once("/v1/calls", "to-germany", &call("+49301234567")).await.accepted();
    assert_eq!(api.post_once("/v1/calls", "home-again", &call("+15555550123")).await.refusal(403), "permission_denied");
    let replay = api.post_once("/v1/calls", "home", &call("+15555550123")).await;
    assert!(replay.status == 202 && replay.is_replay(), "whatever has changed since");

    let test = world.api.with_key(&world.key(&test, |_| {}).await);
    test.post_once("/v1/calls", "to-france", &call("+33123456789")).await.accepted();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_with_limits_and_makes_none_that_may_do_more() {
    let world = LocalStack::start().await;
    let asked = json!({ "name": "few", "requestsPerMinute": 600, "callsPerDay": 5 });
    let made = world.api.post("/v1/api-keys", &asked).await;
    let made = made.data(201);
    assert_eq!((&made["requestsPerMinute"], &made["callsPerDay"]), (&json!(600), &json!(5)));
    let few = world.api.with_key(made["key"].as_str().expect("the raw key"));
    let wrong = few.post("/v1/api-keys", &json!({ "name": "more", "callsPerDay": 6, "requestsPerMinute": 600 })).await;
    assert_eq!(wrong.wrong_fields(), ["callsPerDay"]);
    let same = few.post("/v1/api-keys", &json!({ "name": "as many" })).await;
    assert_eq!((&same.data(201)["requestsPerMinute"], &same.data(201)["callsPerDay"]), (&json!(600), &json!(5)));
    let wrong = few.post("/v1/api-keys", &json!({ "name": "none", "callsPerDay": 0, "requestsPerMinute": "x" })).await;
    assert_eq!(wrong.wrong_fields(), ["callsPerDay", "requestsPerMinute"]);
    assert!(same.headers.contains_key("ratelimit"), "{:?}", same.headers);
    let unlimited = world.api.get("/v1/calls").await;
    assert!(!unlimited.headers.contains_key("ratelimit"), "{:?}", unlimited.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_request_counts_all_of_its_calls_at_once() {
    let world = LocalStack::start().await;
    let key = world.key(&dev(), |key| key.limits.calls_per_day = Some(3)).await;
    let api = world.api.with_key(&key);
    let path = "/ai/phone-calls/action/call-bulk";
    let contact = |number: usize| json!({"numberToCall": format!("+1555555012{number}")});
    let bulk = |count: usize| json!({ "contacts": (0..count).map(contact).collect::<Vec<_>>() });
    let refused = api.post_once(path, "four", &bulk(4)).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.starts_with("rate_limited: ")));
    let three = api.post_once(path, "three", &bulk(3)).await;
    assert_eq!((three.status, &three.body["accepted"]), (201, &json!(3)), "{}", three.text());
    assert_eq!(api.post_once(path, "one", &bulk(1)).await.status, 429);
    let again = api.post_once(path, "three", &bulk(3)).await;
    assert!(again.status == 201 && again.is_replay(), "{}", again.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_has_twenty_endpoints_and_no_more() {
    let world = LocalStack::start().await;
    let endpoint = |number: usize| json!({"url": format!("http://127.0.0.1:9/{number}"), "events": ["call.ended"]});
    for number in 0..20 {
        world.api.post_once("/v1/webhooks", &format!("hook-{number}"), &endpoint(number)).await.data(201);
    }
    let refused = world.api.post_once("/v1/webhooks", "hook-20", &endpoint(20)).await;
    assert_eq!(refused.refusal(409), "conflict");
    let replay = world.api.post_once("/v1/webhooks", "hook-7", &endpoint(7)).await;
    assert!(replay.status == 201 && replay.is_replay(), "{}", replay.text());
    let first = world.api.get("/v1/webhooks?limit=1").await.data(200)[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.api.delete(&format!("/v1/webhooks/{first}")).await.status, 204);
    world.api.post_once("/v1/webhooks", "hook-20", &endpoint(20)).await.data(201);
}
