//! What happens to an endpoint while it is being retried, in virtual time.

use domain::ids::ConversationId;
use domain::signature::Secret;
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::world::auditor::{Measure, Weather, audit};
use crate::world::{Ask, Behaviour, Expected, Reaction, World, simulate};

const HEALTHY: &str = "healthy.example.com";
const HOST: &str = "fickle.example.com";
const DAY_SECONDS: u64 = 24 * 3_600;

/// Changes an endpoint, or has something done to it; gives the answer's data.
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

/// How long after its event each webhook reached the healthy endpoint, in milliseconds.
fn latencies(dead: Option<Behaviour>) -> Vec<i64> {
    simulate(async {
        let world = World::new(SEED).await;
        // As Lambda does: a consumer that hangs takes nobody's place.
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
fn a_dead_endpoint_changes_nothing_for_a_healthy_one_beside_it() {
    let alone = latencies(None);
    let most = *alone.iter().max().unwrap();
    assert_eq!(alone.len(), 30);
    for dead in [&[Reaction::Hangs] as Behaviour, &[Reaction::Answers(500)]] {
        let beside = latencies(Some(dead));
        assert_eq!(beside.len(), 30, "each event once");
        // What each request takes is drawn by chance; a dead endpoint's fifteen seconds would stand out.
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
                // The receiver goes on with the old secret, and takes up the new one in the eleventh hour.
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
