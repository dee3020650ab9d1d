//! Tests of creating, listing and revoking keys.

use domain::key::Permission;
use domain::time::Span;
use serde_json::{Value, json};

use crate::harness::stack::local_stack::{LocalStack, dev};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_opens_nothing_once_its_revocation_was_answered() {
    let world = LocalStack::start().await;
    let body = json!({ "name": "backend", "permissions": ["can_read_conversations", "can_manage_keys"] });
    let made = world.api.post_once("/v1/api-keys", "a-key", &body).await;
    let raw = made.data(201)["key"].as_str().expect("the raw key").to_owned();
    assert!(raw.starts_with("rd_test_dev_"));
    assert_eq!((&made.data(201)["permissions"], &made.data(201)["mode"]), (&body["permissions"], &json!("test")));
    let again = world.api.post_once("/v1/api-keys", "a-key", &body).await;
    assert!(again.is_replay());
    assert_eq!((&again.data(201)["id"], &again.data(201)["key"]), (&made.data(201)["id"], &Value::Null));
    let other = world.api.post_once("/v1/api-keys", "a-key", &json!({ "name": "another" })).await;
    assert_eq!(other.refusal(422), "idempotency_key_reused");

    let api = world.api.with_key(&raw);
    api.get("/v1/calls").await.data(200);
    assert_eq!(api.get("/v1/webhooks").await.refusal(403), "permission_denied");
    let path = format!("/v1/api-keys/{}/revoke", made.data(201)["id"].as_str().unwrap());
    let revoked = world.api.post(&path, &json!({})).await.data(200).clone();
    assert_eq!((&revoked["isActive"], &revoked["is_active"]), (&json!(false), &json!(false)));
    assert_eq!(api.get("/v1/calls").await.refusal(401), "unauthorized");
    assert_eq!(world.api.post(&path, &json!({})).await.data(200)["revokedAt"], revoked["revokedAt"]);

    let listed = world.api.get("/v1/api-keys").await.data(200).clone();
    let found = listed.as_array().unwrap().iter().find(|key| key["id"] == made.data(201)["id"]).expect("it is listed");
    assert_eq!((&found["revokedAt"], &found["key"]), (&revoked["revokedAt"], &Value::Null));
    assert!(!listed.to_string().contains(&raw));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_away_only_what_it_has_itself() {
    let world = LocalStack::start().await;
    let few = vec![Permission::CanManageKeys, Permission::CanReadWallet];
    let api = world.api.with_key(&world.key(&dev(), |key| key.permissions = few).await);
    let all = api.post("/v1/api-keys", &json!({ "name": "the same" })).await;
    assert_eq!(all.data(201)["permissions"], json!(["can_manage_keys", "can_read_wallet"]));
    let more = json!({ "name": "more", "permissions": ["can_read_wallet", "can_send_sms", "can_fly"] });
    assert_eq!(api.post("/v1/api-keys", &more).await.wrong_fields(), ["permissions[1]", "permissions[2]"]);
    let wrong = json!({ "permissions": [], "expires_at": "2020-01-01T00:00:00Z", "scope": "all" });
    let refused = api.post("/v1/api-keys", &wrong).await;
    assert_eq!(refused.wrong_fields(), ["expires_at", "name", "permissions", "scope"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_use_is_noted_and_its_end_is_kept() {
    let world = LocalStack::start().await;
    let expiry = (world.now() + Span::hours(1)).to_string();
    let made = world.api.post("/v1/api-keys", &json!({ "name": "short", "expires_at": expiry })).await;
    let made = made.data(201).clone();
    assert_eq!((&made["expiresAt"], &made["lastUsedAt"]), (&json!(expiry), &Value::Null));
    let before = world.now();
    world.api.with_key(made["key"].as_str().unwrap()).get("/v1/calls").await.data(200);
    let listed = world.api.get("/v1/api-keys").await.data(200).clone();
    let used = listed.as_array().unwrap().iter().find(|key| key["id"] == made["id"]).unwrap()["lastUsedAt"].clone();
    assert!(used.as_str().is_some_and(|used| used >= before.to_string().as_str()), "{used}");
    world.api.with_key(made["key"].as_str().unwrap()).get("/v1/calls").await.data(200);
    let again = world.api.get("/v1/api-keys").await.data(200).clone();
    let again = again.as_array().unwrap().iter().find(|key| key["id"] == made["id"]).unwrap()["lastUsedAt"].clone();
    assert_eq!(again, used, "once an hour is often enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_expires_no_later_than_the_one_that_it_was_made_with() {
    let world = LocalStack::start().await;
    let (hour, day) = (world.now() + Span::hours(1), world.now() + Span::hours(24));
    let api = world.api.with_key(&world.key(&dev(), |key| key.expires_at = Some(hour)).await);
    let inherited = api.post("/v1/api-keys", &json!({ "name": "no end of its own" })).await;
    assert_eq!(inherited.data(201)["expiresAt"], json!(hour));
    let later = api.post("/v1/api-keys", &json!({ "name": "later", "expiresAt": day })).await;
    assert_eq!(later.wrong_fields(), ["expiresAt"]);
    assert!(later.text().contains(&format!("must be {hour} at the latest")), "{}", later.text());
    let later = api.post("/v1/api-keys", &json!({ "name": "later", "expires_at": day })).await;
    assert_eq!(later.wrong_fields(), ["expires_at"]);
    let sooner = world.now() + Span::minutes(5);
    let made = api.post("/v1/api-keys", &json!({ "name": "sooner", "expiresAt": sooner })).await.data(201).clone();
    assert_eq!(made["expiresAt"], json!(sooner));
    let grandchild = world.api.with_key(made["key"].as_str().unwrap());
    let again = grandchild.post("/v1/api-keys", &json!({ "name": "grandchild", "expiresAt": hour })).await;
    assert_eq!(again.wrong_fields(), ["expiresAt"], "the nearest end counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_revoked_key_made_live_on_unless_they_are_to_go_too() {
    let world = LocalStack::start().await;
    let mut made = Vec::new();
    let mut api = world.api.with_key(&world.key(&dev(), |_| {}).await);
    for name in ["child", "grandchild", "great-grandchild"] {
        let key = api.post("/v1/api-keys", &json!({ "name": name })).await.data(201).clone();
        api = world.api.with_key(key["key"].as_str().unwrap());
        made.push((key, api.clone()));
    }
    assert_eq!(made[1].0["madeWith"], made[0].0["id"]);
    let beside = made[0].1.post("/v1/api-keys", &json!({ "name": "beside" })).await.data(201).clone();
    let revoke = |place: usize| format!("/v1/api-keys/{}/revoke", made[place].0["id"].as_str().unwrap());

    world.api.post(&revoke(1), &json!({})).await.data(200);
    assert_eq!(made[1].1.get("/v1/calls").await.refusal(401), "unauthorized");
    made[2].1.get("/v1/calls").await.data(200);
    let refused = world.api.post(&revoke(0), &json!({ "withDescendants": "yes" })).await;
    assert_eq!(refused.wrong_fields(), ["withDescendants"]);
    world.api.post(&revoke(0), &json!({ "withDescendants": true })).await.data(200);
    for (key, api) in &made {
        assert_eq!(api.get("/v1/calls").await.refusal(401), "unauthorized", "{key}");
    }
    let beside = world.api.with_key(beside["key"].as_str().unwrap());
    assert_eq!(beside.get("/v1/calls").await.refusal(401), "unauthorized");
    world.api.get("/v1/calls").await.data(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_for_ever_and_limits_get_smaller_five_times() {
    let world = LocalStack::start().await;
    let limits = domain::quota::Limits { requests_per_minute: Some(1_000), calls_per_day: None };
    let mut api = world.api.with_key(&world.key(&dev(), |key| key.limits = limits).await);
    let next = async |api: &crate::harness::stack::api::Api, body: Value| {
        let made = api.post("/v1/api-keys", &body).await;
        let raw = (made.status == 201).then(|| made.data(201)["key"].as_str().unwrap().to_owned());
        (made, raw.map(|raw| world.api.with_key(&raw)))
    };
    for generation in 0..8 {
        let (_, made) = next(&api, json!({ "name": format!("successor {generation}") })).await;
        api = made.expect("a key like its own");
    }
    for limit in [900, 800, 700, 600] {
        let (_, made) = next(&api, json!({ "name": "smaller", "requestsPerMinute": limit })).await;
        api = made.expect("a key with a smaller limit");
    }
    let (refused, _) = next(&api, json!({ "name": "one more" })).await;
    assert_eq!(refused.refusal(403), "permission_denied");
    assert!(refused.text().contains("smaller limits"), "{}", refused.text());
}
