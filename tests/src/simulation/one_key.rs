//! Tests of one idempotency key at every route that takes one. Many clients use it at once. A client uses it again for
//! another request, or after the result is gone. A request without a key is given a generated one.

use std::collections::BTreeSet;

use domain::ids::AgentId;
use domain::planted::{Bug, plant};
use functions::route::KeyUse;
use functions::{FUNCTIONS, Trigger};
use futures::future::join_all;
use providers::egress::{Egress, EgressPolicy};
use serde_json::{Value, json};

use super::SEED;
use super::scenarios::{PLAIN, STAYS, VOICE};
use super::texts::SILENT;
use crate::harness::world::{AGENT, AGENT_NUMBER, Ask, Reply, World, simulate};

const CLIENTS: usize = 12;
/// Number of rounds of the same crowd, each in another order.
const MEETINGS: u64 = 10;

/// Request under a key, with the JSON pointer to the id of the result in its answer.
struct Making {
    ask: Ask,
    id: &'static str,
}

fn making(function: &'static str, path: impl Into<String>, body: Value, id: &'static str) -> Making {
    let (path, query, key) = (path.into(), String::new(), Some(format!("the-key-of-{function}")));
    Making { ask: Ask { function, method: "POST", path, query, body: Some(body), key }, id }
}

/// Returns a request for every route that takes a key.
async fn makings(world: &World) -> Vec<Making> {
    let agent = AgentId::for_slug(&world.scope.organization, AGENT);
    let hook = world.creates_webhook("hooks.example.com", &VOICE).await.unwrap().id;
    let conversation = world.opens_sms(SILENT, "the-texts").await.unwrap();
    let writes = format!("/v1/sms-conversations/{conversation}/messages");
    let agent_body = json!({"slug": "new", "name": "New", "channel": "voice", "provider": "simulator"});
    let texts = Ask::texts("+15555550188", "k").body.unwrap();
    vec![
        making("create-call", "/v1/calls", Ask::call(STAYS, "k", &json!({})).body.unwrap(), "/data/conversationId"),
        making("create-sms-conversation", "/v1/sms-conversations", texts, "/data/conversationId"),
        making("send-sms-message", writes, json!({"content": "It is me, Grace."}), "/data/messageId"),
        making(
            "create-webhook",
            "/v1/webhooks",
            json!({"url": "https://more.example.com/", "events": ["call.ended"]}),
            "/data/secret",
        ),
        making("rotate-webhook-secret", format!("/v1/webhooks/{hook}/rotate-secret"), json!({}), "/data/secret"),
        making("test-webhook", format!("/v1/webhooks/{hook}/test"), json!({}), "/data/eventId"),
        making("create-api-key", "/v1/api-keys", json!({"name": "New"}), "/data/id"),
        making("create-agent", "/v1/agents", agent_body, "/data/id"),
        making("create-contact", "/v1/contacts", json!({"phoneNumber": "+15555550177"}), "/data/id"),
        making("klen-create-call", "/api/v1/calls", json!({"phone_number": STAYS, "agent_id": AGENT}), "/call_id"),
        making(
            "verbex-dial-outbound-phone-call",
            "/v1/calls/dial-outbound-phone-call",
            json!({"from_number": AGENT_NUMBER, "to_number": STAYS, "override_ai_agent_id": AGENT}),
            "/_id",
        ),
        making(
            "levers-call-contact",
            "/ai/phone-calls/action/call",
            json!({"numberToCall": STAYS, "aiSettingsTemplateId": agent}),
            "/conversationId",
        ),
        making(
            "levers-call-bulk",
            "/ai/phone-calls/action/call-bulk",
            json!({"contacts": [{"numberToCall": STAYS}, {"numberToCall": PLAIN}], "aiSettingsTemplateId": agent}),
            "/bulkId",
        ),
    ]
}

/// Runs `act` for every such request, all in one world of this seed. Returns the findings.
fn each(seed: u64, act: impl AsyncFn(&World, &Making) -> Vec<String>) -> Vec<String> {
    simulate(async {
        let world = World::new(seed).await;
        let mut wrong = Vec::new();
        for making in makings(&world).await {
            let found = act(&world, &making).await;
            wrong.extend(found.into_iter().map(|what| format!("{}, seed {seed}: {what}", making.ask.function)));
        }
        wrong
    })
}

fn made(making: &Making, reply: &Reply) -> Value {
    reply.body.pointer(making.id).cloned().unwrap_or_default()
}

/// Sends one request from many clients at once, and returns the findings.
async fn meet(world: &World, making: &Making) -> Vec<String> {
    let replies = join_all((0..CLIENTS).map(|_| world.asks(&making.ask))).await;
    let mut wrong = Vec::new();
    let mut things = BTreeSet::new();
    for reply in &replies {
        match reply {
            Some(reply) if (200..300).contains(&reply.status) => {
                things.insert(made(making, reply).to_string());
            }
            Some(reply) => wrong.push(format!("was answered {}: {}", reply.status, reply.body)),
            None => wrong.push("was not answered".to_owned()),
        }
    }
    if wrong.is_empty() && (things.len() != 1 || things.contains("null")) {
        wrong.push(format!("made {things:?}"));
    }
    let fresh = replies.iter().flatten().filter(|reply| !reply.replayed).count();
    if wrong.is_empty() && fresh != 1 {
        wrong.push(format!("{fresh} were no replays"));
    }
    wrong
}

#[test]
fn every_route_that_takes_a_key_is_tried() {
    let tried = simulate(async {
        let world = World::new(SEED).await;
        makings(&world).await
    });
    let tried: BTreeSet<&str> = tried.iter().map(|making| making.ask.function).collect();
    let taking = FUNCTIONS.iter().filter(|function| match function.trigger {
        Trigger::Http(route) => route.key_use != KeyUse::Unknown,
        Trigger::Queue { .. } | Trigger::Schedule { .. } => false,
    });
    assert_eq!(tried, taking.map(|function| function.name).collect());
}

#[test]
fn twelve_clients_at_once_with_one_key_make_one_thing_and_all_hear_of_it() {
    let wrong: Vec<String> = (0..MEETINGS).flat_map(|round| each(SEED + round, meet)).collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_conversation_taken_for_the_older_one_of_itself_is_found() {
    plant(Some(Bug::SupersedeItself));
    let wrong: Vec<String> = (0..MEETINGS).flat_map(|round| each(SEED + round, meet)).collect();
    plant(None);
    assert!(wrong.iter().any(|what| what.starts_with("create-sms-conversation") && what.contains("500")), "{wrong:?}");
    assert!(wrong.iter().all(|what| what.starts_with("create-sms-conversation")), "{wrong:?}");
}

#[test]
fn a_used_key_with_another_body_is_422_whatever_else_is_wrong_with_it() {
    let wrong = each(SEED, async |world, making| {
        let first = world.insists(&making.ask).await.unwrap();
        let mut wrong = Vec::new();
        for body in
            [json!({"nonsense": 1}), json!([]), json!("no object"), json!({"url": 7, "toNumber": 7, "content": 7})]
        {
            let other = Ask { body: Some(body), ..making.ask.clone() };
            let reply = world.insists(&other).await.unwrap();
            if reply.status != 422 || !reply.body.to_string().contains("idempotency_key_reused") {
                wrong.push(format!("{:?} was answered {}: {}", other.body, reply.status, reply.body));
            }
        }
        let again = world.insists(&making.ask).await.unwrap();
        if !again.replayed || made(making, &again) != made(making, &first) {
            wrong.push(format!("was answered {}, and then {}", first.body, again.body));
        }
        wrong
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_request_without_a_key_is_told_one_and_replays_under_it() {
    let wrong = each(SEED, async |world, making| {
        let without = Ask { key: None, ..making.ask.clone() };
        let first = world.insists(&without).await.unwrap();
        let told = first.headers.get("idempotency-key-generated").cloned();
        if making.ask.function == "create-call" {
            let is_refused = first.status == 400 && told.is_none();
            return if is_refused { Vec::new() } else { vec![format!("was answered {}: {told:?}", first.status)] };
        }
        let Some(key) = told else { return vec![format!("was told no key: {} {}", first.status, first.body)] };
        let again = world.insists(&Ask { key: Some(key), ..making.ask.clone() }).await.unwrap();
        let mut wrong = Vec::new();
        if !again.replayed || made(making, &again) != made(making, &first) {
            wrong.push(format!("was answered {}, and then {}", first.body, again.body));
        }
        if again.headers.contains_key("idempotency-key-generated") {
            wrong.push("was told a key that it brought".to_owned());
        }
        let refused =
            world.asks(&Ask { key: None, body: Some(json!({"nonsense": 1})), ..making.ask.clone() }).await.unwrap();
        if refused.headers.contains_key("idempotency-key-generated") {
            wrong.push(format!("was told a key that binds nothing: {}", refused.status));
        }
        wrong
    });
    assert_eq!(wrong, [""; 0]);
}

/// Checks a replay for an address that was allowed at first and is refused now.
#[test]
fn a_replay_of_a_registration_does_not_look_at_its_address_again() {
    simulate(async {
        let mut world = World::new(SEED).await;
        let through = |allow_insecure| Egress::through(EgressPolicy { allow_insecure }, world.receiver.exchange());
        let (lax, strict) = (through(true), through(false));
        let ask = Ask::webhook("http://127.0.0.1:8080/hooks", &VOICE);
        world.app.egress = lax;
        let first = world.insists(&ask).await.unwrap();
        world.app.egress = strict;
        let replay = world.insists(&ask).await.unwrap();
        assert_eq!((first.status, replay.status, replay.replayed), (201, 201, true), "{}", replay.body);
        let fresh = world.insists(&Ask { key: Some("another".to_owned()), ..ask }).await.unwrap();
        assert_eq!(fresh.status, 400);
    });
}

/// Checks that only a new request is validated, such as the address of the endpoint's host. A deleted endpoint is not
/// created again.
#[test]
fn a_replay_of_a_registration_judges_nothing_and_makes_no_second_endpoint() {
    simulate(async {
        let world = World::new(SEED).await;
        let ask = Ask::webhook("https://hooks.example.com/hooks", &VOICE);
        let first = world.insists(&ask).await.unwrap();
        let id = first.body["data"]["id"].as_str().unwrap().to_owned();
        world.suspend_organization().await;
        let replay = world.insists(&ask).await.unwrap();
        assert_eq!((replay.status, replay.replayed, &replay.body["data"]), (201, true, &first.body["data"]));
        world.insists(&Ask::deletion(&id)).await.unwrap();
        let other =
            Ask { body: Some(json!({"url": "https://other.example.com/", "events": ["call.ended"]})), ..ask.clone() };
        assert_eq!(world.insists(&other).await.unwrap().status, 422);
        let gone = join_all((0..CLIENTS).map(|_| world.asks(&ask))).await;
        for reply in gone.into_iter().flatten() {
            assert_eq!((reply.status, &reply.body["error"]["code"]), (404, &json!("not_found")));
            assert!(reply.body["error"]["message"].as_str().unwrap().contains(&id), "{}", reply.body);
        }
        let list = world.insists(&Ask::list("list-webhooks", "/v1/webhooks")).await.unwrap();
        assert_eq!(list.body["data"], json!([]));
    });
}
