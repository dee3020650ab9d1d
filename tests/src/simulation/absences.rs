//! Tests of absences that outlast all retries: of a queue, of the schedule, and of the program itself.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::call::{Call, Status};
use domain::ids::{ConversationId, EndpointId};
use domain::time::Span;
use futures::future::join_all;
use serde_json::json;
use store::{DeliveryJob, MESSAGE_VERSION, QueueName, keys};

use super::SEED;
use super::scenarios::{PLAIN, VOICE};
use crate::harness::aws::faults::{Fault, Plan};
use crate::harness::world::auditor::{Measure, Weather, audit};
use crate::harness::world::{Ask, Expected, TABLE, World, simulate};

/// Duration of an absence. It is longer than all requeues of an action without progress together.
const HOUR: Duration = Duration::from_secs(3_600);
/// Extra delay of an absence. Actions that become due in that hour wait for its end and for the next run.
const AN_HOUR_LATE: Span = Span::minutes(61);

/// Scripts whose calls end by themselves, with the end reasons.
const SCRIPTS: [(&str, &[&str]); 6] = [
    ("0123", &["completed"]),
    ("0001", &["busy"]),
    ("0003", &["voicemail"]),
    ("0004", &["rejected"]),
    ("0008", &["completed"]),
    ("0009", &["completed"]),
];

/// Times at which the calls of a run are asked for, in seconds after its start. Some calls are live by the time of the
/// absence, some begin right before it, and some during it.
const MOMENTS: [u64; 4] = [0, 4, 12, 400];

/// Time from the start of the run to the absence.
const GOES_AFTER: Duration = Duration::from_secs(6);

/// Asks for a call with each script at each moment, each to a phone of its own. The calls may wait longer than an hour
/// to be dialled.
async fn asks_for_calls(world: &World) {
    let asks = MOMENTS.into_iter().enumerate().flat_map(|(place, seconds)| {
        SCRIPTS.map(|(digits, reasons)| async move {
            world.after_seconds(seconds).await;
            let key = format!("call-{place}-{digits}");
            let until = json!({"notAfter": (world.now() + Span::hours(3)).to_string()});
            let id = world.creates_call_with(&format!("+1555{:03}{digits}", 200 + place), &key, until).await;
            if let Some(id) = id {
                world.expects(Expected::Ends(id, reasons));
            }
        })
    });
    join_all(asks).await;
}

/// Plays calls during an absence and returns the findings.
fn without(goes_away: impl AsyncFnOnce(&World)) -> Vec<String> {
    simulate(async {
        let world = World::new(SEED).await;
        world.runs(async { drop(world.creates_webhook("hooks.example.com", &VOICE).await) }).await;
        let absence = async {
            tokio::time::sleep(GOES_AFTER).await;
            goes_away(&world).await;
        };
        world
            .runs(async {
                futures::join!(asks_for_calls(&world), absence);
            })
            .await;
        let asked = MOMENTS.len() * SCRIPTS.len();
        assert_eq!(world.history.record().calls.len(), asked);
        audit(&world, Measure { weather: Weather::Calm, slack: AN_HOUR_LATE })
    })
}

#[test]
fn a_queue_that_is_gone_for_an_hour_ends_no_call_otherwise_and_dials_none_twice() {
    for queue in QueueName::ALL {
        let findings = without(async |world| world.aws.queues.refuse_for(queue.as_str(), HOUR));
        assert_eq!(findings, [""; 0], "without {queue:?}");
    }
}

#[test]
fn nor_do_all_queues_at_once() {
    let findings = without(async |world| {
        for queue in QueueName::ALL {
            world.aws.queues.refuse_for(queue.as_str(), HOUR);
        }
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn nor_does_a_schedule_that_does_not_run_for_an_hour() {
    let findings = without(async |world| {
        let until_ms = world.aws.clock.now_ms() + i64::try_from(HOUR.as_millis()).unwrap();
        world.habits.borrow_mut().reconciler_sleeps_until_ms = until_ms;
    });
    assert_eq!(findings, [""; 0]);
}

#[test]
fn a_call_whose_window_closes_while_the_queue_is_gone_is_not_dialled() {
    let findings = simulate(async {
        let world = World::new(SEED).await;
        world.aws.queues.refuse_for(QueueName::Dispatch.as_str(), HOUR);
        world
            .runs(async {
                let Some(id) = world.creates_call("+15555550123", "the-call").await else { return };
                world.expects(Expected::Ends(id, &["dispatch_deadline_exceeded"]));
                world.expects(Expected::NeverDialled(id));
            })
            .await;
        audit(&world, Measure { weather: Weather::Calm, slack: AN_HOUR_LATE })
    });
    assert_eq!(findings, [""; 0]);
}

/// Numbers of restarts and seconds between them. They last seven minutes at most, which is four requeues. If a program
/// dies for longer before it does any work, that cannot be told from a handler that kills it.
const RESTARTS: [(usize, u64); 4] = [(8, 1), (20, 7), (20, 20), (9, 45)];

/// Checks calls in the states in which a kill finds them: just accepted, and live.
#[test]
fn a_program_that_dies_again_and_again_before_it_gets_to_anything_gives_up_no_call() {
    for (times, seconds) in RESTARTS {
        let findings = simulate(async {
            let world = World::new(SEED).await;
            world.runs(async { drop(world.creates_webhook("hooks.example.com", &VOICE).await) }).await;
            world
                .runs(async {
                    let live = asks_for_a_long_call(&world, "live").await;
                    world.sees(live, |call| call.status == Status::InProgress).await;
                    let concurrency = std::mem::take(&mut world.habits.borrow_mut().concurrency);
                    let accepted = asks_for_a_long_call(&world, "accepted").await;
                    for _ in 0..times {
                        world.after_seconds(seconds).await;
                        world.restarts().await;
                    }
                    world.habits.borrow_mut().concurrency = concurrency;
                    for id in [live, accepted] {
                        world.sees(id, |call| call.status >= Status::InProgress).await;
                        world.closes(id, "said_goodbye").await;
                        world.expects(Expected::Ends(id, &["said_goodbye"]));
                    }
                })
                .await;
            audit(&world, Measure { weather: Weather::Rough, slack: AN_HOUR_LATE })
        });
        assert_eq!(findings, [""; 0], "{times} times, every {seconds} s");
    }
}

/// Asks for a call that stays until it is closed and may wait for hours to be dialled. Returns its id.
async fn asks_for_a_long_call(world: &World, key: &str) -> ConversationId {
    let until = json!({"notAfter": (world.now() + Span::hours(3)).to_string()});
    world.creates_call_with("+15555550011", key, until).await.expect("nothing refuses it")
}

/// Runs `reconcile` while the index shows this item of a conversation with five requeues. Then restores the item.
async fn reconciles_late(world: &World, id: ConversationId, key: &keys::Key) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    let dynamodb = world.aws.past_the_gate(SEED);
    let item = || dynamodb.update_item().table_name(TABLE).key("pk", text(&key.pk)).key("sk", text(&key.sk));
    let shown = item().update_expression("SET duePk = :shard, dueAt = :at, wakeAt = :at, nudges = :five");
    let shown = shown.expression_attribute_values(":shard", text(&keys::due_shard_of(id)));
    let shown = shown.expression_attribute_values(":at", number(world.now().as_milliseconds() - 60_000));
    let before = shown.expression_attribute_values(":five", number(5)).return_values(ReturnValue::AllOld);
    let before = before.send().await.unwrap().attributes.unwrap();
    world.restarts().await;
    let kept: Vec<&str> = ["duePk", "dueAt", "wakeAt"].into_iter().filter(|name| before.contains_key(*name)).collect();
    let sets: String = kept.iter().map(|name| format!(", {name} = :{name}")).collect();
    let gone = if kept.is_empty() { " REMOVE duePk, dueAt, wakeAt" } else { "" };
    let after = item().update_expression(format!("SET nudges = :none{sets}{gone}"));
    let after = after.expression_attribute_values(":none", number(0));
    let values = kept.iter().map(|name| (format!(":{name}"), before[*name].clone()));
    values.fold(after, |after, (name, value)| after.expression_attribute_values(name, value)).send().await.unwrap();
}

/// Checks the re-read of `reconcile`. It reads the index first, and the index lags, so an item that looks stuck may be
/// done.
#[test]
fn what_is_not_due_any_more_is_not_given_up() {
    simulate(async {
        let world = World::new(SEED).await;
        let endpoint = world.creates_webhook("hooks.example.com", &["call.ended"]).await.unwrap();
        let endpoint = EndpointId::parse(endpoint.id.as_str()).unwrap();
        world
            .runs(async {
                let id = world.creates_call(PLAIN, "the-call").await.unwrap();
                world.expects(Expected::Ends(id, &["completed"]));
                world.sees(id, |call| call.status == Status::InProgress).await;
                reconciles_late(&world, id, &keys::call(id)).await;
                world.sees(id, Call::is_ended).await;
            })
            .await;
        let id = *world.history.record().calls.keys().next().unwrap();
        let deliveries = (1..10).map(|log_number| DeliveryJob {
            v: MESSAGE_VERSION,
            conversation: id,
            scope: world.scope.clone(),
            log_number,
            endpoint,
        });
        let mut reconciled = 0;
        for job in deliveries {
            if world.app.store.table.pending_delivery(&job).await.unwrap().is_some() {
                reconciles_late(&world, id, &keys::delivery(id, job.log_number, endpoint)).await;
                reconciled += 1;
            }
        }
        assert_eq!(reconciled, 1);
        assert_eq!(audit(&world, Measure { weather: Weather::Calm, slack: AN_HOUR_LATE }), [""; 0]);
    });
}

#[test]
fn a_client_that_asks_again_brings_forward_what_is_overdue() {
    simulate(async {
        let world = World::new(SEED).await;
        let ask = Ask::call(PLAIN, "the-call", &json!({}));
        let id = world.creates_call(PLAIN, "the-call").await.unwrap();
        world.aws.queues.lose_everything(QueueName::Dispatch.as_str());
        assert!(world.asks(&ask).await.unwrap().replayed);
        assert_eq!(world.steps(QueueName::Dispatch).await, 0, "what is not overdue is left to its own message");
        world.after_seconds(10).await;
        assert!(world.asks(&ask).await.unwrap().replayed);
        assert_eq!(world.steps(QueueName::Dispatch).await, 1);
        assert_eq!(world.history.call(id).unwrap().attempt, 1);
        world.after_seconds(10).await;
        assert!(world.asks(&ask).await.unwrap().replayed);
        assert_eq!(world.steps(QueueName::Dispatch).await, 0, "what is dialled waits for nothing");
    });
}

/// Sends a batch of ten calls to a process that dies at this request. Returns the number of claimed calls and of calls
/// that were asked for at the provider.
fn claimed_and_asked(point: usize) -> (usize, usize) {
    simulate(async {
        let world = World::new(SEED).await;
        for number in 0..10 {
            world.creates_call(PLAIN, &format!("call-{number}")).await.unwrap();
        }
        world.aws.gate.arm(Plan::none().at(point, Fault::CrashBefore));
        world.steps(QueueName::Dispatch).await;
        let record = world.history.record();
        let claimed = record.calls.values().filter(|versions| versions.last().unwrap().1.attempt > 0).count();
        (claimed, record.dials.len())
    })
}

#[test]
fn of_a_batch_whose_process_dies_few_calls_are_claimed_and_never_asked_for() {
    let mut furthest = 0;
    for point in 0..60 {
        let (claimed, asked) = claimed_and_asked(point);
        assert!(claimed <= asked + 2, "at {point}: {claimed} are claimed, and {asked} asked for");
        furthest = furthest.max(claimed);
    }
    assert_eq!(furthest, 10, "the whole batch was tried");
}
