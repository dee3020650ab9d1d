//! Tests of endpoints that change while they are being retried, in virtual time.

use std::cell::RefCell;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::ConversationId;
use domain::planted::{Bug, plant};
use domain::signature::Secret;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{Ask, Behaviour, Expected, Reaction, TABLE, World, simulate};

const HEALTHY: &str = "healthy.example.com";
const HOST: &str = "fickle.example.com";
const DAY_SECONDS: u64 = 24 * 3_600;

/// Sends a request that must succeed, such as a change of an endpoint. Returns the data of the answer.
async fn does(world: &World, function: &'static str, method: &'static str, path: String, body: Value) -> Value {
    let ask = Ask { body: Some(body), ..Ask::about(function, method, path) };
    let reply = world.insists(&ask).await.unwrap();
    assert!(matches!(reply.status, 200..=202), "{function}: {}", reply.body);
    reply.body["data"].clone()
}

async fn a_call(world: &World, key: &str) -> ConversationId {
    let id = world.creates_call(PLAIN, key).await.unwrap();
    world.expects(Expected::Ends(id, &["completed"]));
    id
}

/// Returns the delays from each event to its webhook at the healthy endpoint, in milliseconds.
fn latencies(dead: Option<Behaviour>) -> Vec<i64> {
    simulate(async {
        let world = World::new(SEED).await;
        // As on Lambda: a consumer that hangs does not block another.
        world.habits.borrow_mut().concurrency = 200;
        world
            .runs(async {
                world.creates_webhook(HEALTHY, &VOICE).await.unwrap();
                if let Some(behaviour) = dead {
                    world.receiver.behaves("dead.example.com", behaviour);
                    world.creates_webhook("dead.example.com", &VOICE).await.unwrap();
                }
                for call in 0..10 {
                    a_call(&world, &format!("call-{call}")).await;
                }
            })
            .await;
        let received = world.receiver.received();
        assert_eq!(received.iter().any(|one| one.host == "dead.example.com"), dead.is_some());
        let healthy = received.iter().filter(|one| one.host == HEALTHY);
        let at = |body: &Value| Timestamp::parse(body["timestamp"].as_str().unwrap()).unwrap();
        healthy.map(|one| one.at.since(at(&one.body)).as_milliseconds()).collect()
    })
}

#[test]
fn an_endpoint_for_every_event_gets_what_an_endpoint_for_each_type_gets() {
    simulate(async {
        let world = World::new(SEED).await;
        world
            .runs(async {
                world.creates_webhook(HEALTHY, &["*"]).await.unwrap();
                world.creates_webhook(HOST, &VOICE).await.unwrap();
                a_call(&world, "the-call").await;
            })
            .await;
        let received = world.receiver.received();
        let at = |host: &str| -> Vec<Value> {
            let mut events: Vec<Value> =
                received.iter().filter(|one| one.host == host).map(|one| one.body["event"].clone()).collect();
            events.sort_by_key(Value::to_string);
            events
        };
        assert_eq!(at(HEALTHY), at(HOST));
        assert_eq!(at(HEALTHY), ["call.analyzed", "call.ended", "call.started"]);
        assert_eq!(audit(&world, Measure::of(Weather::Calm)), [""; 0]);
    });
}

#[test]
fn a_dead_endpoint_changes_nothing_for_a_healthy_one_beside_it() {
    let alone = latencies(None);
    let most = *alone.iter().max().unwrap();
    assert_eq!(alone.len(), 30);
    for dead in [&[Reaction::Hangs] as Behaviour, &[Reaction::Answers(500)]] {
        let beside = latencies(Some(dead));
        assert_eq!(beside.len(), 30, "each event once");
        // The latency of each request is random. The fifteen seconds of a dead endpoint would stand out.
        assert!(beside.iter().all(|latency| *latency < most + 250), "{beside:?}, and alone {alone:?}");
    }
}

#[test]
fn a_secret_rotated_between_two_attempts_signs_beside_the_old_one_for_a_day() {
    simulate(async {
        let world = World::new(SEED).await;
        world.receiver.behaves(HOST, &[Reaction::Answers(503)]);
        world
            .runs(async {
                let endpoint = world.creates_webhook(HOST, &["call.ended"]).await.unwrap();
                let id = a_call(&world, "the-call").await;
                world.sees(id, |call| call.ended_at.is_some()).await;
                world.after_seconds(60).await;
                let path = format!("/v1/webhooks/{}/rotate-secret", endpoint.id);
                let rotated = does(&world, "rotate-webhook-secret", "POST", path, json!({})).await;
                // The receiver keeps the old secret, and uses the new one after eleven hours.
                world.after_seconds(11 * 3_600).await;
                world.receiver.knows(HOST, Secret::parse(rotated["secret"].as_str().unwrap()).unwrap());
            })
            .await;
        let received = world.receiver.received();
        assert_eq!(received.len(), 10, "every attempt");
        assert!(received.iter().all(|attempt| attempt.id == received[0].id), "the same id at every attempt");
        assert!(received.iter().all(|attempt| attempt.distrust.is_none()), "{received:?}");
    });
}

#[test]
fn a_rotated_secret_signs_nothing_after_a_day() {
    simulate(async {
        let world = World::new(SEED).await;
        world.receiver.behaves(HOST, &[Reaction::Answers(503)]);
        let mut rotated_at = world.now();
        world
            .runs(async {
                let endpoint = world.creates_webhook(HOST, &["call.ended"]).await.unwrap();
                let id = a_call(&world, "the-call").await;
                world.sees(id, |call| call.ended_at.is_some()).await;
                world.after_seconds(60).await;
                rotated_at = world.now();
                let path = format!("/v1/webhooks/{}/rotate-secret", endpoint.id);
                does(&world, "rotate-webhook-secret", "POST", path, json!({})).await;
            })
            .await;
        for attempt in world.receiver.received() {
            let is_a_day_old = attempt.at.since(rotated_at).as_seconds() >= i64::try_from(DAY_SECONDS).unwrap();
            assert_eq!(attempt.distrust.is_some(), is_a_day_old, "{attempt:?}");
        }
    });
}

#[test]
fn an_endpoint_disabled_between_two_attempts_gets_what_it_missed_when_it_asks_for_it() {
    simulate(async {
        let world = World::new(SEED).await;
        let start = world.now();
        world.receiver.behaves(HOST, &[Reaction::Answers(500)]);
        let mut endpoint = None;
        world
            .runs(async {
                let made = world.creates_webhook(HOST, &VOICE).await.unwrap();
                let id = a_call(&world, "the-call").await;
                world.sees(id, |call| call.ended_at.is_some()).await;
                world.after_seconds(60).await;
                let path = format!("/v1/webhooks/{}", made.id);
                does(&world, "update-webhook", "PATCH", path, json!({"isActive": false})).await;
                endpoint = Some(made);
            })
            .await;
        let tried = world.receiver.received().len();
        assert!((3..30).contains(&tried), "{tried} attempts before it was disabled");
        let endpoint = endpoint.unwrap();
        world
            .runs(async {
                a_call(&world, "while-it-is-disabled").await;
                world.rests().await;
                assert_eq!(world.receiver.received().len(), tried, "a disabled endpoint gets nothing");
                world.receiver.behaves(HOST, &[Reaction::Answers(200)]);
                let path = format!("/v1/webhooks/{}", endpoint.id);
                does(&world, "update-webhook", "PATCH", path.clone(), json!({"isActive": true})).await;
                let since = json!({"since": start.to_string()});
                does(&world, "redeliver-webhook", "POST", format!("{path}/redeliver"), since).await;
            })
            .await;
        let mut taken: Vec<String> =
            world.receiver.received().into_iter().filter(|one| one.taken).map(|one| one.id).collect();
        taken.sort();
        taken.dedup();
        assert_eq!(taken.len(), 3, "what it missed, and nothing of the call that it was not subscribed to");
        assert_eq!(audit(&world, Measure::of(Weather::Calm)), [""; 0]);
    });
}

/// Plays a failing endpoint and one ended call on each of these days. Returns for each day if the endpoint is still
/// enabled at its end. Each event is tried for three days.
fn enabled_after(days: &[u64]) -> Vec<bool> {
    simulate(async {
        let world = World::new(SEED).await;
        world.receiver.behaves(HOST, &[Reaction::Answers(500)]);
        let mut enabled = Vec::new();
        world
            .runs(async {
                let endpoint = world.creates_webhook(HOST, &["call.ended"]).await.unwrap();
                let mut today = 0;
                for day in days {
                    world.after_seconds((day - today) * DAY_SECONDS).await;
                    today = *day;
                    let id = a_call(&world, &format!("on-day-{day}")).await;
                    world.sees(id, |call| call.ended_at.is_some()).await;
                    world.after_seconds(60).await;
                    let ask = Ask::about("get-webhook", "GET", format!("/v1/webhooks/{}", endpoint.id));
                    enabled.push(world.insists(&ask).await.unwrap().body["data"]["isActive"] == true);
                }
            })
            .await;
        enabled
    })
}

#[test]
fn an_endpoint_is_disabled_that_fails_for_five_days_while_it_is_tried() {
    assert_eq!(enabled_after(&[0, 1, 2, 3, 4, 5]), [true, true, true, true, true, false]);
    assert_eq!(enabled_after(&[0, 3, 6]), [true, true, false], "an event is tried for three days");
}

#[test]
fn one_failure_long_after_another_disables_no_endpoint() {
    assert_eq!(enabled_after(&[0, 6]), [true, true]);
    assert_eq!(enabled_after(&[0, 6, 13]), [true; 3]);
}

#[test]
fn an_endpoint_that_is_given_up_after_a_silence_is_found() {
    plant(Some(Bug::GiveUpAfterSilence));
    let enabled = enabled_after(&[0, 6]);
    plant(None);
    assert_eq!(enabled, [true, false], "a planted bug was not found");
}

/// Replaces the data of an item.
async fn rewrites(world: &World, sk: &str, edit: impl Fn(&str) -> String) {
    let is_it = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|own| own.starts_with(sk));
    let item = world.aws.database.dump(TABLE).iter().find(is_it).cloned().unwrap();
    let text = |name: &str| AttributeValue::S(item[name]["S"].as_str().unwrap().to_owned());
    let edited = AttributeValue::S(edit(item["data"]["S"].as_str().unwrap()));
    let update = world.aws.past_the_gate(SEED).update_item().table_name(TABLE);
    let update = update.key("pk", text("pk")).key("sk", text("sk")).update_expression("SET #data = :data");
    let update = update.expression_attribute_names("#data", "data").expression_attribute_values(":data", edited);
    update.send().await.unwrap();
}

/// Delivers an event to an endpoint with an unreadable secret or item, repairs the item, and has the event sent again.
/// Returns the findings.
fn with_an_unreadable(what: fn(&str) -> String, says: &str) -> Vec<String> {
    simulate(async {
        let world = World::new(SEED).await;
        let mut endpoint = None;
        let good = RefCell::new(String::new());
        world
            .runs(async {
                endpoint = world.creates_webhook(HOST, &["call.ended"]).await;
                rewrites(&world, "endpoint#", |data| {
                    data.clone_into(&mut good.borrow_mut());
                    what(data)
                })
                .await;
                a_call(&world, "the-call").await;
            })
            .await;
        let mut findings = audit(&world, Measure::of(Weather::Calm));
        let path = format!("/v1/webhooks/{}", endpoint.unwrap().id);
        rewrites(&world, "endpoint#", |_| good.borrow().clone()).await;
        let deliveries = Ask::list("list-webhook-deliveries", &format!("{path}/deliveries"));
        let listed = world.insists(&deliveries).await.unwrap().body["data"].clone();
        let (delivery, attempts) = (&listed[0], listed[0]["attempts"].as_array().map_or(0, Vec::len));
        if delivery["status"] != "exhausted"
            || attempts != 10
            || !delivery["attempts"][9]["error"].to_string().contains(says)
        {
            findings.push(format!("the log does not tell of it: {delivery}"));
        }
        world
            .runs(async {
                let path = format!("{path}/deliveries/{}/redeliver", delivery["id"].as_str().unwrap());
                does(&world, "redeliver-webhook-delivery", "POST", path, json!({})).await;
            })
            .await;
        let received = world.receiver.received();
        if received.len() != 1 || received.iter().any(|one| one.distrust.is_some() || !one.taken) {
            findings.push(format!("not what was sent again, alone: {received:?}"));
        }
        findings
    })
}

const WITHOUT_SECRET: fn(&str) -> String = |data| data.replace("whsec_", "whsec-");

#[test]
fn an_event_whose_endpoint_cannot_be_read_fails_in_its_log_and_can_be_sent_again() {
    assert_eq!(with_an_unreadable(WITHOUT_SECRET, "secret cannot be read"), [""; 0]);
    assert_eq!(with_an_unreadable(|_| "{".to_owned(), "a stored endpoint cannot be read"), [""; 0]);
}

#[test]
fn an_event_that_goes_out_unsigned_is_found() {
    plant(Some(Bug::SendUnsigned));
    let findings = with_an_unreadable(WITHOUT_SECRET, "secret cannot be read");
    plant(None);
    assert!(
        findings.iter().any(|finding| finding.contains("bad signature")),
        "a planted bug was not found: {findings:?}"
    );
}
