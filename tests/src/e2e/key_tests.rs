//! Tests of keys, permissions, and the separation of organizations and of test and live mode.

use domain::ids::{Mode, Scope};
use domain::key::Permission;
use domain::phone::PhoneNumber;
use domain::time::Span;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::harness::stack::api::{Answer, answer};
use crate::harness::stack::local_stack::{LocalStack, call_to, dev};

/// Returns the body of a refusal without the request's id.
fn without_id(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body["meta"]["request_id"] = Value::Null;
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_key_is_refused_in_the_same_words_before_the_body_is_judged() {
    let world = LocalStack::start().await;
    let now = world.now();
    let expired = world.key(&dev(), |key| key.expires_at = Some(now)).await;
    let revoked = world.key(&dev(), |key| key.revoked_at = Some(now)).await;
    let good = world.key(&dev(), |key| key.expires_at = Some(now + Span::hours(1))).await;
    let unknown = format!("{}x", good);
    let headers = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Bearer x".to_owned()),
        Some(format!("Basic {good}")),
        Some(good.clone()),
        Some(format!("Bearer {unknown}")),
        Some("Bearer rd_test_nobody_0123456789012345678901234567".to_owned()),
        Some(format!("Bearer {}", good.replace("rd_test_", "rd_live_"))),
        Some(format!("Bearer {}", good.replace("_dev_", "_DEV_"))),
        Some(format!("Bearer {expired}")),
        Some(format!("Bearer {revoked}")),
    ];
    let (huge, good_body) = ("x".repeat(300_000), call_to("+15555550011").to_string());
    let mut first = None;
    for header in headers {
        for body in ["", "{", huge.as_str(), good_body.as_str()] {
            let mut request = world.api.without_key().request(Method::POST, "/v1/calls").body(body.to_owned());
            if let Some(header) = &header {
                request = request.header(AUTHORIZATION, header);
            }
            let answer = answer(request.header("idempotency-key", "k")).await;
            assert_eq!(answer.refusal(401), "unauthorized", "{header:?}");
            assert_eq!(&without_id(&answer), first.get_or_insert_with(|| without_id(&answer)), "{header:?}");
        }
    }
    for path in ["/v1/calls", "/v1/webhooks", "/v1/calls/x", "/v1/calls/x/events?cursor=%zz", "/v1/calls/x/recording"] {
        assert_eq!(world.api.with_key(&expired).get(path).await.refusal(401), "unauthorized", "{path}");
    }
    world.api.with_key(&good).post_once("/v1/calls", "k", &call_to("+15555550011")).await.accepted();
    let document = world.api.without_key().get("/v1/openapi.json").await;
    assert!(document.status == 200 && document.body.is_object(), "the contract is public");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_it_has_the_permission_for_and_nothing_else() {
    let world = LocalStack::start().await;
    let id = world.place("k", "+15555550011").await;
    let requests = [
        (Method::POST, "/v1/calls".to_owned(), Permission::CanInitiateCalls),
        (Method::GET, "/v1/calls".to_owned(), Permission::CanReadConversations),
        (Method::GET, format!("/v1/calls/{id}"), Permission::CanReadConversations),
        (Method::GET, format!("/v1/calls/{id}/events"), Permission::CanReadConversations),
        (Method::GET, format!("/v1/calls/{id}/recording"), Permission::CanReadConversations),
        (Method::POST, format!("/v1/calls/{id}/close"), Permission::CanCloseConversations),
        (Method::POST, "/v1/webhooks".to_owned(), Permission::CanManageWebhooks),
        (Method::GET, "/v1/webhooks".to_owned(), Permission::CanManageWebhooks),
        (Method::DELETE, "/v1/webhooks/x".to_owned(), Permission::CanManageWebhooks),
        (Method::GET, "/v1/do-not-call".to_owned(), Permission::CanManageContacts),
        (Method::PUT, "/v1/do-not-call/+15555550150".to_owned(), Permission::CanManageContacts),
        (Method::DELETE, "/v1/do-not-call/+15555550150".to_owned(), Permission::CanManageContacts),
        (Method::POST, "/v1/contacts".to_owned(), Permission::CanManageContacts),
        (Method::GET, "/v1/contacts".to_owned(), Permission::CanManageContacts),
        (Method::GET, "/v1/contacts/x".to_owned(), Permission::CanManageContacts),
        (Method::PATCH, "/v1/contacts/x".to_owned(), Permission::CanManageContacts),
        (Method::GET, "/v1/wallet".to_owned(), Permission::CanReadWallet),
        (Method::GET, "/v1/wallet/entries".to_owned(), Permission::CanReadWallet),
    ];
    for (method, path, permission) in requests {
        let others = Permission::ALL.into_iter().filter(|other| *other != permission).collect();
        let key = world.key(&dev(), |key| key.permissions = others).await;
        let refused = answer(world.api.with_key(&key).request(method.clone(), &path)).await;
        assert_eq!(refused.refusal(403), "permission_denied", "{method} {path}");
        assert!(refused.text().contains(permission.as_str()), "{}", refused.text());
        let key = world.key(&dev(), |key| key.permissions = vec![permission]).await;
        let let_in = answer(world.api.with_key(&key).request(method.clone(), &path)).await;
        assert!(![401, 403].contains(&let_in.status), "{method} {path}: {}", let_in.text());
    }
}

/// Asserts that this key sees nothing that `world`'s own key created.
async fn assert_sees_nothing(world: &LocalStack, key: &str, id: &str, endpoint: &str) {
    let api = world.api.with_key(key);
    for path in [String::new(), "/events".to_owned(), "/recording".to_owned()] {
        assert_eq!(api.get(&format!("/v1/calls/{id}{path}")).await.refusal(404), "not_found", "{path}");
    }
    let closed = api.post(&format!("/v1/calls/{id}/close"), &json!({})).await;
    assert_eq!(closed.refusal(404), "not_found");
    assert_eq!(api.delete(&format!("/v1/webhooks/{endpoint}")).await.refusal(404), "not_found");
    assert_eq!(api.get("/v1/calls").await.data(200), &json!([]));
    assert_eq!(api.get("/v1/webhooks").await.data(200), &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_crosses_from_one_organization_or_mode_to_another() {
    let world = LocalStack::start().await;
    let id = world.place("shared-key", "+15555550011").await;
    world.place("second", "+15555550011").await;
    let hooks = crate::harness::stack::hooks::Hooks::register(&world).await;
    let cursor = world.api.get("/v1/calls?limit=1").await;
    let cursor = cursor.body["meta"]["pagination"]["cursor"].as_str().expect("a second page").to_owned();
    world.suppress(&dev(), "+15555550014").await;

    let other = world.organization("other").await;
    let live = Scope { mode: Mode::Live, ..dev() };
    let from = PhoneNumber::parse("+15555550101").expect("a number");
    world.edits(&live, |organization| organization.numbers = vec![from.clone()]).await;
    world.agent(&live, "demo-voice", |_| {}).await;
    for (scope, slug) in [(&other, "voice"), (&live, "demo-voice")] {
        let key = world.key(scope, |_| {}).await;
        assert_sees_nothing(&world, &key, &id, &hooks.id).await;
        let api = world.api.with_key(&key);
        assert_eq!(api.get(&format!("/v1/calls?cursor={cursor}")).await.wrong_fields(), ["cursor"]);
        let body = json!({ "agentSlug": slug, "toNumber": "+15555550014", "fromNumber": "+15555550101" });
        let own = api.post_once("/v1/calls", "shared-key", &body).await;
        assert!(!own.is_replay() && own.accepted() != id, "a key of its own, and a do-not-call list of its own");
        let listed = api.get("/v1/calls").await;
        assert_eq!(listed.data(200)[0]["conversationId"], json!(own.accepted()));
        assert_eq!(listed.body["data"][0]["mode"], json!(scope.mode.as_str()));
        assert_eq!(world.api.get(&format!("/v1/calls/{}", own.accepted())).await.refusal(404), "not_found");
    }
    let listed = world.api.get("/v1/calls").await;
    assert_eq!(listed.data(200).as_array().map(Vec::len), Some(2));
}
