//! Document 002: initiating a call over klen's API facade.

use domain::key::Permission;
use domain::wallet::Rate;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{Document, Row, flat, kept};
use crate::harness::stack::api::{Answer, answer};
use crate::harness::stack::local_stack::{LocalStack, dev};

pub(super) static DOCUMENT: Document = Document { title: "002 Initiate a call (klen)", rows: &ROWS };

const PATH: &str = "/api/v1/calls";

/// Returns a request with changes. Fields that are null are removed.
fn request(changes: Value) -> Value {
    let mut body = json!({"phone_number": "+15555550011", "agent_id": "demo-voice"});
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    body
}

async fn asks(world: &LocalStack, changes: Value) -> Answer {
    world.api.post(PATH, &request(changes)).await
}

/// Returns the conversation's id. Panics if the call was not accepted.
#[track_caller]
fn accepted(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body["call_id"].as_str().expect("an id")
}

/// Creates another organization with an agent, metered with this balance, and returns a key of it.
async fn metered(world: &LocalStack, id: &str, cents: i64) -> String {
    let scope = world.organization(id).await;
    world
        .agent(&scope, "demo-voice", |agent| agent.number = domain::phone::PhoneNumber::parse("+15555550155").ok())
        .await;
    let rate = Rate { per_minute_minor: 10, currency: "EUR".to_owned() };
    world.table.meter(&scope, &rate).await.expect("the table takes it");
    world.table.credit(&scope, cents, "first").await.expect("the table takes it");
    world.key(&scope, |_| {}).await
}

static ROWS: [Row; 27] = [
    row!(
        "answer `200`",
        "the call: `id`, `call_id`, `status`, `type`, `phone_number`, `agent`, `created_at`, `estimated_start`",
        |world| {
            let answer = asks(world, json!({})).await;
            let body = &answer.body;
            assert!(body["id"].as_u64().is_some_and(|id| id < 1 << 53), "{}", answer.text());
            assert_eq!((&body["status"], &body["type"]), (&json!("queued"), &json!("outbound")));
            assert_eq!(body["phone_number"], "+15555550011");
            assert_eq!(body["agent"]["name"], "Demo voice agent");
            assert!(body["agent"]["id"].is_u64() && body["agent"]["assistant_id"].is_string());
            assert!(body["created_at"].is_string() && body["estimated_start"].is_string());
            assert_eq!(world.call(accepted(&answer)).await["toNumber"], "+15555550011");
        }
    ),
    row!("field `phone_number`", "E.164, or forgiving; the raw input is kept, answers are E.164", |world| {
        for raw in ["(555) 555-0011", "555.555.0011", "+1 (555) 555-0011", "1-555-555-0011"] {
            let answer = asks(world, json!({"phone_number": raw})).await;
            assert_eq!(answer.body["phone_number"], "+15555550011", "{raw}: {}", answer.text());
            assert_eq!(kept(world, accepted(&answer)).await.content.raw_number.as_deref(), Some(raw));
        }
    }),
    row!("field `agent_id`", "text or whole number: id, slug, external id, or the `agent.id` of an answer", |world| {
        let scope = dev();
        let number = domain::phone::PhoneNumber::parse("+15555550166").ok();
        let id = world.agent(&scope, "k-agent", |agent| {
            agent.external_id = Some("8123".to_owned());
            agent.number.clone_from(&number);
        });
        let id = id.await;
        for name in [json!("k-agent"), json!(id), json!("8123"), json!(8123), json!(id.reference())] {
            let answer = asks(world, json!({"agent_id": name})).await;
            assert_eq!(answer.body["agent"]["assistant_id"], json!(id), "{name}: {}", answer.text());
        }
    }),
    row!("field `contact_id`", "an existing contact; an unknown one is 400", |world| {
        let contact = world.api.post("/v1/contacts", &json!({"phoneNumber": "+15555550011"})).await;
        let contact = contact.data(201).clone();
        let answer = asks(world, json!({"contact_id": contact["number"]})).await;
        assert_eq!(world.call(accepted(&answer)).await["contactId"], contact["id"]);
        assert_eq!(flat(&asks(world, json!({"contact_id": 12})).await, 400), "validation_error");
        assert_eq!(flat(&asks(world, json!({"contact_id": "twelve"})).await, 400), "validation_error");
    }),
    row!("field `variables`", "for `{{variable_name}}` in the instructions, nested ones as `{{a.b}}`", |world| {
        world
            .agent(&dev(), "k-prompt", |agent| {
                agent.number = domain::phone::PhoneNumber::parse("+15555550167").ok();
                agent.prompt = Some("Call {{customer.name}} of {{company}} at {{customer.at.0}}.".to_owned());
            })
            .await;
        let variables = json!({"customer": {"name": "Ada", "at": [10, 11]}, "company": "{{x}}"});
        let answer = asks(world, json!({"agent_id": "k-prompt", "variables": variables})).await;
        let content = kept(world, accepted(&answer)).await.content;
        assert_eq!(content.prompt.as_deref(), Some("Call Ada of {{x}} at 10."));
        assert_eq!(Value::Object(content.dynamic_variables), variables);
        let answer = asks(world, json!({"agent_id": "k-prompt"})).await;
        assert_eq!(flat(&answer, 400), "validation_error");
        assert_eq!(flat(&asks(world, json!({"variables": [1]})).await, 400), "validation_error");
    }),
    row!("other fields", "ignored", |world| {
        accepted(&asks(world, json!({"something": {"else": 1}})).await);
    }),
    row!("header `X-API-Key`", "takes the key, too", |world| {
        let key = world.key(&dev(), |_| {}).await;
        let post = world.api.without_key().request(Method::POST, PATH).header("x-api-key", key);
        let post = post.header(CONTENT_TYPE, "application/json").body(request(json!({})).to_string());
        accepted(&answer(post).await);
    }),
    row!("header `Idempotency-Key`", "the same call again, with its current status; another request is 422", |world| {
        let first = world.api.post_once(PATH, "k-again", &request(json!({"phone_number": "+15555550001"}))).await;
        world.call_when(accepted(&first), "ended").await;
        let again = world.api.post_once(PATH, "k-again", &request(json!({"phone_number": "+15555550001"}))).await;
        assert_eq!((accepted(&again), again.is_replay()), (accepted(&first), true));
        assert_eq!((&again.body["status"], &again.body["id"]), (&json!("failed"), &first.body["id"]));
        let other = world.api.post_once(PATH, "k-again", &request(json!({}))).await;
        assert_eq!(flat(&other, 422), "idempotency_key_reused");
    }),
    row!("error `missing_phone_number`", "400", |world| {
        for missing in [Value::Null, json!(""), json!(" ")] {
            let answer = asks(world, json!({"phone_number": missing, "agent_id": null})).await;
            assert_eq!(flat(&answer, 400), "missing_phone_number");
        }
    }),
    row!("error `missing_agent_id`", "400", |world| {
        assert_eq!(flat(&asks(world, json!({"agent_id": null})).await, 400), "missing_agent_id");
    }),
    row!("error `invalid_phone_number`", "400", |world| {
        for wrong in [json!("12"), json!("nobody"), json!("+123"), json!(true), json!("900 555 0123")] {
            assert_eq!(
                flat(&asks(world, json!({"phone_number": wrong})).await, 400),
                "invalid_phone_number",
                "{wrong}"
            );
        }
    }),
    row!("error `invalid_json`", "400", |world| {
        for body in ["", "{", "[]", "null", "{\"phone_number\": }"] {
            let answer = world.api.post_text(PATH, "k-json", body.to_owned()).await;
            assert_eq!(flat(&answer, 400), "invalid_json", "{body}");
        }
    }),
    row!("error `authentication_required`", "401, where no key was sent", |world| {
        let answer = world.api.without_key().post(PATH, &request(json!({}))).await;
        assert_eq!(flat(&answer, 401), "authentication_required");
    }),
    row!("error `invalid_key`", "401, where the key is invalid or inactive", |world| {
        let now = world.now();
        let revoked = world.key(&dev(), |key| key.revoked_at = Some(now)).await;
        for key in ["klen_something", "rd_test_dev_0123456789abcdefghij", &revoked] {
            let answer = world.api.with_key(key).post(PATH, &request(json!({}))).await;
            assert_eq!(flat(&answer, 401), "invalid_key");
        }
    }),
    row!(
        "error `insufficient_funds`",
        "402, with `balance` and `required_rate` in minor units of `currency`",
        |world| {
            let key = metered(world, "poor", 299).await;
            let answer = world.api.with_key(&key).post(PATH, &request(json!({}))).await;
            assert_eq!(flat(&answer, 402), "insufficient_funds");
            let funds = ["balance", "required_rate", "currency"].map(|name| answer.body[name].clone());
            assert_eq!(funds, [json!(299), json!(300), json!("EUR")]);
        }
    ),
    row!("wallet", "a hold at acceptance, settled by the call's duration at its end", |world| {
        let key = metered(world, "rich", 1_000).await;
        let api = world.api.with_key(&key);
        let answer = api.post(PATH, &request(json!({"phone_number": "+15555550123"}))).await;
        let id = accepted(&answer).to_owned();
        let wallet = api.get("/v1/wallet").await;
        assert_eq!((&wallet.data(200)["balance"], &wallet.data(200)["held"]), (&json!(700), &json!(300)));
        let settled = async || {
            let wallet = api.get("/v1/wallet").await;
            (wallet.data(200)["held"] == json!(0)).then(|| wallet.data(200).clone())
        };
        let wallet = crate::harness::stack::local_stack::until(
            "the hold is settled",
            crate::harness::stack::local_stack::PATIENCE,
            settled,
        )
        .await;
        assert_eq!(wallet["balance"], 990, "a minute begun");
        let entries = api.get("/v1/wallet/entries").await;
        let entries = entries.data(200).as_array().expect("a list").clone();
        let sum: i64 = entries.iter().filter_map(|entry| entry["amount"].as_i64()).sum();
        assert_eq!((sum, entries.len()), (990, 4));
        assert!(entries.iter().filter(|entry| entry["reference"] == json!(id)).count() == 3);
    }),
    row!("error `permission_denied`", "403, without `can_initiate_calls`", |world| {
        let key = world.key(&dev(), |key| key.permissions = vec![Permission::CanReadConversations]).await;
        let answer = world.api.with_key(&key).post(PATH, &request(json!({}))).await;
        assert_eq!(flat(&answer, 403), "permission_denied");
    }),
    row!("error `do_not_call`", "403", |world| {
        let put = answer(world.api.request(Method::PUT, "/v1/do-not-call/+15555550061")).await;
        assert_eq!(put.data(201)["source"], "manual");
        let answer = asks(world, json!({"phone_number": "(555) 555-0061"})).await;
        assert_eq!(flat(&answer, 403), "do_not_call");
    }),
    row!("error `agent_not_found`", "404, also for another organization's and one for texts", |world| {
        for agent in [json!("nobody"), json!(99), json!("demo-sms"), json!("4c9b6d5d-0000-4000-8000-acc5fee14962")] {
            let answer = asks(world, json!({"agent_id": agent})).await;
            assert_eq!(flat(&answer, 404), "agent_not_found", "{agent}");
        }
    }),
    row!("error `no_phone_number`", "404", |world| {
        world.agent(&dev(), "k-numberless", |_| {}).await;
        let answer = asks(world, json!({"agent_id": "k-numberless"})).await;
        assert_eq!(flat(&answer, 404), "no_phone_number");
    }),
    row!("error `server_error`", "500, and nothing else is said", |world| {
        world
            .agent(&dev(), "k-broken", |agent| {
                agent.number = domain::phone::PhoneNumber::parse("+15555550168").ok();
                agent.prompt = Some("{{".to_owned());
            })
            .await;
        let answer = asks(world, json!({"agent_id": "k-broken"})).await;
        assert_eq!(flat(&answer, 500), "server_error");
        assert!(!answer.text().contains("prompt"), "{}", answer.text());
    }),
    row!("a suspended organization", "403 `permission_denied`", |world| {
        let scope = world.organization("suspended").await;
        world.suspend(&scope).await;
        let key = world.key(&scope, |_| {}).await;
        let answer = world.api.with_key(&key).post(PATH, &request(json!({}))).await;
        assert_eq!(flat(&answer, 403), "permission_denied");
    }),
    row!("a body that is too large", "400 `validation_error`", |world| {
        let body = request(json!({"variables": {"x": "y".repeat(300_000)}})).to_string();
        assert_eq!(flat(&world.api.post_text(PATH, "k-large", body).await, 400), "validation_error");
    }),
    row!("a body that is not called JSON", "read as JSON all the same", |world| {
        let post = world.api.request(Method::POST, PATH).header(CONTENT_TYPE, "text/plain");
        accepted(&answer(post.body(request(json!({})).to_string())).await);
    }),
    row!("too many variables", "400 `validation_error`", |world| {
        let many: serde_json::Map<String, Value> = (0..101).map(|n| (format!("v{n}"), json!(n))).collect();
        assert_eq!(flat(&asks(world, json!({"variables": many})).await, 400), "validation_error");
    }),
    row!("a required variable that is missing", "400 `validation_error`", |world| {
        world
            .agent(&dev(), "k-needy", |agent| {
                agent.number = domain::phone::PhoneNumber::parse("+15555550169").ok();
                agent.required_variables = vec!["plan".to_owned()];
            })
            .await;
        let answer = asks(world, json!({"agent_id": "k-needy"})).await;
        assert_eq!(flat(&answer, 400), "validation_error");
        assert!(answer.text().contains("variables.plan"), "{}", answer.text());
    }),
    row!("a number without a country", "400 `invalid_phone_number`", |world| {
        let scope = world.organization("nowhere").await;
        let key = world.key(&scope, |_| {}).await;
        let answer = world.api.with_key(&key).post(PATH, &request(json!({"phone_number": "555 555 0123"}))).await;
        assert_eq!(flat(&answer, 400), "invalid_phone_number");
    }),
];
