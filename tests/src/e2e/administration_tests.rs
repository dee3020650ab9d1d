//! Tests of contacts, the do-not-call list and the wallet, over the API.

use std::collections::BTreeSet;

use domain::ids::{Mode, Scope};
use domain::phone::PhoneNumber;
use domain::suppression::Suppression;
use domain::wallet::Rate;
use serde_json::{Value, json};

use crate::harness::stack::api::{Answer, Api};
use crate::harness::stack::local_stack::{LocalStack, call_to, dev};

/// Returns all entries of a list, read in pages of two.
async fn all(api: &Api, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let answer = api.get(&format!("{path}?{query}")).await;
        found.extend(answer.data(200).as_array().expect("a list").iter().cloned());
        let page = &answer.body["meta"]["pagination"];
        if page["has_more"] != true {
            return found;
        }
        query = format!("limit=2&cursor={}", page["cursor"].as_str().expect("a cursor"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_on_the_do_not_call_list_is_not_called_until_it_is_taken_off() {
    let world = LocalStack::start().await;
    let put = world.api.put("/v1/do-not-call/+15555550123").await;
    let entry = put.data(201).clone();
    assert_eq!((&entry["phoneNumber"], &entry["source"]), (&json!("+15555550123"), &json!("manual")));
    assert!(entry["createdAt"].is_string());
    let again = world.api.put("/v1/do-not-call/%2B15555550123").await;
    assert_eq!(again.data(200), &entry, "an entry stays as it is");
    let refused = world.api.post_once("/v1/calls", "k", &call_to("+15555550123")).await;
    assert_eq!(refused.refusal(403), "do_not_call");
    assert_eq!(world.api.delete("/v1/do-not-call/+15555550123").await.status, 204);
    assert_eq!(world.api.delete("/v1/do-not-call/+15555550123").await.refusal(404), "not_found");
    world.api.post_once("/v1/calls", "k", &call_to("+15555550123")).await.accepted();
    assert_eq!(world.api.put("/v1/do-not-call/nobody").await.wrong_fields(), ["number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_is_one_person_to_the_list_however_a_number_is_written() {
    let world = LocalStack::start().await;
    let asks = async |key: &str, country: &str, number: &str| {
        let body = json!({"numberToCall": number, "countryCode": country});
        world.api.post_once("/ai/phone-calls/action/call", key, &body).await
    };
    for (entry, country, forms) in [
        ("+393922767986", "IT", &["392 276 7986", "39 392 276 7986", "0039 392 276 7986", "tel:+39-392-276-7986"][..]),
        ("+525512345678", "MX", &["55 1234 5678", "+52 1 55 1234 5678"]),
        ("+5215587654321", "MX", &["55 8765 4321", "+52 1 55 8765 4321", "+52 55 8765 4321"]),
        ("+5491123456789", "AR", &["011 15-2345-6789", "+54 9 11 2345 6789"]),
    ] {
        world.api.put(&format!("/v1/do-not-call/{entry}")).await.data(201);
        for (index, form) in forms.iter().enumerate() {
            let refused = asks(&format!("{entry}-{index}"), country, form).await;
            assert_eq!(refused.status, 403, "{form}: {}", refused.text());
        }
        assert_eq!(world.api.delete(&format!("/v1/do-not-call/{entry}")).await.status, 204);
        let accepted = asks(&format!("{entry}-then"), country, forms[0]).await;
        assert_eq!(accepted.status, 201, "{}", accepted.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_is_not_dialled_once_its_number_is_on_the_list() {
    let world = LocalStack::start().await;
    let mut body = call_to("+15555550123");
    body["notBefore"] = json!((world.now() + domain::time::Span::seconds(3)).to_string());
    let id = world.api.post_once("/v1/calls", "k", &body).await.accepted();
    world.api.put("/v1/do-not-call/+15555550123").await.data(201);
    assert_eq!(world.call_when(&id, "ended").await["endReason"], "do_not_call");
    assert!(world.dials("+15555550123").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_do_not_call_list_is_read_in_pages_and_takes_an_import_twice() {
    let world = LocalStack::start().await;
    let numbers: Vec<PhoneNumber> =
        (0..5).map(|n| PhoneNumber::parse(&format!("+1555555020{n}")).expect("a number")).collect();
    world.api.put("/v1/do-not-call/+15555550200").await.data(201);
    let entry = |number: &PhoneNumber| {
        let phone_number = Some(number.clone());
        (number.clone(), Suppression { phone_number, source: "import".to_owned(), created_at: world.now() })
    };
    let entries: Vec<(PhoneNumber, Suppression)> = numbers.iter().map(entry).collect();
    let done = std::cell::Cell::new(0);
    let imported = world.table.import_suppressions(&dev(), entries.clone(), || done.set(done.get() + 1)).await;
    assert_eq!(done.get(), 5);
    assert_eq!(imported.expect("the table takes them"), 4, "one was there");
    let imported = world.table.import_suppressions(&dev(), entries, || {}).await;
    assert_eq!(imported.expect("the table takes them"), 0);
    let entries = all(&world.api, "/v1/do-not-call").await;
    let listed: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["phoneNumber"].as_str()).collect();
    assert_eq!((entries.len(), listed.len()), (5, 5));
    assert_eq!(entries.iter().filter(|entry| entry["source"] == "manual").count(), 1, "who was first stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_made_once_for_its_number_and_changed_field_by_field() {
    let world = LocalStack::start().await;
    let body = json!({"phoneNumber": "+15555550123", "firstName": "Ada", "email": "ada@example.com"});
    let made = world.api.post_once("/v1/contacts", "c", &body).await;
    let contact = made.data(201).clone();
    assert!(contact["number"].as_u64().is_some_and(|number| number < 1 << 53));
    let path = format!("/v1/contacts/{}", contact["id"].as_str().expect("an id"));
    let changed = world.api.patch(&path, &json!({"lastName": "Lovelace", "email": null})).await;
    let details = |contact: &Value| ["firstName", "lastName", "email"].map(|name| contact[name].clone());
    assert_eq!(details(changed.data(200)), [json!("Ada"), json!("Lovelace"), Value::Null]);
    assert_eq!(world.api.get(&path).await.data(200), changed.data(200));
    let replay = world.api.post_once("/v1/contacts", "c", &body).await;
    assert_eq!((replay.data(201), replay.is_replay()), (changed.data(200), true));
    let other = json!({"phoneNumber": "+15555550124"});
    assert_eq!(world.api.post_once("/v1/contacts", "c", &other).await.refusal(422), "idempotency_key_reused");
    assert_eq!(world.api.post("/v1/contacts", &body).await.refusal(409), "conflict");
    assert_eq!(world.api.patch(&path, &json!({"phoneNumber": "+15555550125"})).await.wrong_fields(), ["phoneNumber"]);
    let wrong = json!({"phoneNumber": "x", "firstName": 1, "lastName": "y".repeat(256), "typo": 1});
    assert_eq!(
        world.api.post("/v1/contacts", &wrong).await.wrong_fields(),
        ["firstName", "lastName", "phoneNumber", "typo"]
    );
    for nobody in ["x", "550e8400-e29b-41d4-a716-446655440000"] {
        assert_eq!(world.api.get(&format!("/v1/contacts/{nobody}")).await.refusal(404), "not_found");
        let answer = world.api.patch(&format!("/v1/contacts/{nobody}"), &json!({})).await;
        assert_eq!(answer.refusal(404), "not_found");
    }
    for number in 0..4 {
        let body = json!({"phoneNumber": format!("+1555555030{number}")});
        world.api.post("/v1/contacts", &body).await.data(201);
    }
    assert_eq!(all(&world.api, "/v1/contacts").await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_suppression_and_wallets_cross_neither_organizations_nor_modes() {
    let world = LocalStack::start().await;
    let contact = world.api.post("/v1/contacts", &json!({"phoneNumber": "+15555550123"})).await;
    let id = contact.data(201)["id"].as_str().expect("an id").to_owned();
    world.api.put("/v1/do-not-call/+15555550123").await.data(201);
    let rate = Rate { per_minute_minor: 1, currency: "USD".to_owned() };
    world.table.meter(&dev(), &rate).await.expect("the table takes it");
    world.table.credit(&dev(), 500, "first").await.expect("the table takes it");
    let wallet: Answer = world.api.get("/v1/wallet").await;
    assert_eq!((&wallet.data(200)["metered"], &wallet.data(200)["balance"]), (&json!(true), &json!(500)));
    assert_eq!(all(&world.api, "/v1/wallet/entries").await.len(), 1);
    let other = world.organization("other").await;
    for scope in [other, Scope { mode: Mode::Live, ..dev() }] {
        let api = world.api.with_key(&world.key(&scope, |_| {}).await);
        assert_eq!(api.get(&format!("/v1/contacts/{id}")).await.refusal(404), "not_found");
        assert_eq!(api.delete("/v1/do-not-call/+15555550123").await.refusal(404), "not_found");
        for list in ["/v1/contacts", "/v1/do-not-call", "/v1/wallet/entries"] {
            assert_eq!(api.get(list).await.data(200), &json!([]), "{list}");
        }
        let wallet = api.get("/v1/wallet").await;
        assert_eq!((&wallet.data(200)["metered"], &wallet.data(200)["balance"]), (&json!(false), &Value::Null));
    }
}
