//! Tests of the operator's view: one log line for a request, its id in everything that follows from it, and the
//! metrics.

use serde_json::{Value, json};

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::harness::aws::queue::NewMessage;
use crate::harness::world::{Ask, World, simulate};

/// Highest number of log bytes for a request that succeeds.
const BYTES_PER_REQUEST: usize = 300;

fn lines(world: &World) -> Vec<Value> {
    world.logs.text().lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

#[test]
fn a_request_that_succeeds_costs_three_hundred_bytes_of_log() {
    simulate(async {
        let world = World::new(SEED).await;
        let longest = Ask {
            function: "verbex-dial-outbound-phone-call",
            path: "/v1/calls/dial-outbound-phone-call".to_owned(),
            body: Some(json!({"from_number": "+15555550100", "to_number": PLAIN})),
            ..Ask::call(PLAIN, "another-call", &json!({}))
        };
        for ask in [Ask::call(PLAIN, "the-call", &json!({})), longest, Ask::texts("+15555550102", "the-texts")] {
            let before = world.logs.text().len();
            let reply = world.asks(&ask).await.unwrap();
            assert!((200..300).contains(&reply.status), "{}", reply.body);
            let logged = world.logs.text()[before..].to_owned();
            assert_eq!(logged.lines().count(), 1, "{logged}");
            assert!(logged.len() <= BYTES_PER_REQUEST, "{} bytes: {logged}", logged.len());
        }
    });
}

#[test]
fn a_requests_id_stands_in_its_answer_its_dispatch_and_every_webhook_of_it() {
    simulate(async {
        let world = World::new(SEED).await;
        let mut request_id = String::new();
        world
            .runs(async {
                world.creates_webhook("hooks.example.com", &VOICE).await;
                let reply = world.asks(&Ask::call(PLAIN, "the-call", &json!({}))).await.unwrap();
                request_id = reply.body["meta"]["request_id"].as_str().unwrap().to_owned();
            })
            .await;
        assert!(request_id.starts_with("req_"), "{request_id}");
        let received = world.receiver.received();
        assert_eq!(received.len(), VOICE.len());
        assert!(received.iter().all(|webhook| webhook.request_id == request_id), "{received:?}");
        let named = |message: &str| {
            let lines = lines(&world);
            lines.iter().filter(|line| line["message"] == message && line["request_id"] == request_id.as_str()).count()
        };
        assert_eq!((named("answered"), named("dispatched"), named("delivered")), (1, 1, VOICE.len()));
    });
}

/// Returns every logged value of a metric.
fn values(lines: &[Value], name: &str) -> Vec<i64> {
    let of = |line: &Value| match &line[name] {
        Value::Array(values) => values.iter().filter_map(Value::as_i64).collect(),
        value => value.as_i64().into_iter().collect::<Vec<_>>(),
    };
    lines.iter().filter(|line| line["_aws"].is_object()).flat_map(of).collect()
}

#[test]
fn a_calls_way_is_measured() {
    simulate(async {
        let world = World::new(SEED).await;
        world
            .runs(async {
                world.creates_webhook("hooks.example.com", &VOICE).await;
                world.creates_call(PLAIN, "the-call").await;
                world.creates_call(PLAIN, "the-call").await;
                world.creates_call("+15555550007", "lost").await;
            })
            .await;
        let lines = lines(&world);
        let sum = |name: &str| values(&lines, name).iter().sum::<i64>();
        assert_eq!((sum("Accepted"), sum("Dispatched")), (2, 2), "a replay is none");
        assert_eq!((sum("DispatchAccepted"), sum("DispatchUnknown")), (1, 1));
        assert_eq!(values(&lines, "TimeToDispatch").len(), 2);
        assert!(matches!(values(&lines, "TimeToRing")[..], [waited] if (1_000..10_000).contains(&waited)));
        assert_eq!(values(&lines, "WebhookAttempts"), [1, 1, 1, 1]);
        assert!(values(&lines, "WebhookAge").iter().all(|age| (1..1_000).contains(age)), "{lines:?}");
        assert!(!values(&lines, "OverdueItems").is_empty());
    });
}

#[test]
fn turns_are_measured() {
    simulate(async {
        let world = World::new(SEED).await;
        world
            .runs(async {
                world.opens_sms("+15555550102", "texts").await;
            })
            .await;
        let lines = lines(&world);
        let sum = |name: &str| values(&lines, name).iter().sum::<i64>();
        assert_eq!((sum("Accepted"), sum("Turns"), sum("Dispatched"), sum("DispatchAccepted")), (1, 1, 1, 2));
    });
}

#[test]
fn a_message_that_nobody_can_read_is_told_of_without_its_text() {
    simulate(async {
        let world = World::new(SEED).await;
        let body = json!({"v": 1, "secret": "swordfish"}).to_string();
        world.aws.queues.send("dispatch", NewMessage { body, ..NewMessage::default() });
        world.steps(store::QueueName::Dispatch).await;
        let lines = lines(&world);
        assert!(lines.iter().any(|line| line["level"] == "ERROR" && line["error"].is_string()), "{lines:?}");
        assert!(!world.logs.text().contains("swordfish"));
    });
}
