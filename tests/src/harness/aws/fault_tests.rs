//! Tests of every fault, as the program above the real SDK experiences it.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem};
use tokio::time::{sleep, timeout};

use super::SimulatedAws;
use super::aws_tests::batch_get;
use super::faults::{Fault, Plan, Point, Rate, Service};
use super::fixture::{self, TABLE, item, text};
use super::gate::{Broken, Ended, Operation};
use super::queue::Liberties;

fn stored(value: Option<std::collections::HashMap<String, AttributeValue>>) -> Option<AttributeValue> {
    value.map(|item| item["value"].clone())
}

/// Returns the operations with the fault of each.
fn seen(aws: &SimulatedAws) -> Vec<(String, Option<Fault>)> {
    aws.gate.operations().into_iter().map(|operation| (operation.point.name, operation.fault)).collect()
}

async fn armed(fault: Fault) -> SimulatedAws {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::none().at(0, fault));
    aws
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_retried_and_meets_its_own_write() {
    let aws = armed(Fault::LoseAnswer).await;
    let refused = fixture::put(&aws, item("call", "1", "mine")).await.unwrap_err().into_service_error();
    let PutItemError::ConditionalCheckFailedException(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.item().unwrap()["value"], text("mine"));
    let put = "PutItem".to_owned();
    assert_eq!(seen(&aws), [(put.clone(), Some(Fault::LoseAnswer)), (put, None)]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_retried_and_the_write_is_done_once() {
    let aws = armed(Fault::FailBefore).await;
    fixture::put(&aws, item("call", "1", "mine")).await.unwrap();
    assert_eq!(aws.gate.points(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_fails_when_the_attempts_are_used_up() {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::none().with(Rate::new(Fault::FailBefore, 1000)));
    let failed = fixture::put(&aws, item("call", "1", "mine")).await.unwrap_err();
    assert!(failed.as_service_error().is_none(), "{failed:?}");
    assert_eq!(aws.gate.points(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_late_write_takes_effect_behind_the_programs_back() {
    let aws = fixture::aws(7);
    let late = Duration::from_secs(5);
    aws.gate.arm(Plan::none().at(0, Fault::Late(late)).at(1, Fault::FailBefore).at(2, Fault::FailBefore));
    fixture::put(&aws, item("call", "1", "mine")).await.unwrap_err();
    assert_eq!(fixture::get(&aws, "call", "1").await, None);
    sleep(late).await;
    assert_eq!(stored(fixture::get(&aws, "call", "1").await), Some(text("mine")));
}

#[tokio::test(start_paused = true)]
async fn a_slow_write_takes_effect_even_if_nobody_waits_for_it() {
    let aws = armed(Fault::Slow(Duration::from_secs(5))).await;
    let put = fixture::put(&aws, item("call", "1", "mine"));
    timeout(Duration::from_secs(1), put).await.unwrap_err();
    assert_eq!(fixture::get(&aws, "call", "1").await, None);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(stored(fixture::get(&aws, "call", "1").await), Some(text("mine")));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_exceeds_the_clients_own_timeout() {
    use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

    let aws = armed(Fault::Slow(Duration::from_secs(5))).await;
    let limits = TimeoutConfig::builder().read_timeout(Duration::from_secs(1)).build();
    let config = aws.dynamodb.config().to_builder().timeout_config(limits).build();
    let aws = SimulatedAws { dynamodb: aws_sdk_dynamodb::Client::from_conf(config), ..aws };
    fixture::put(&aws, item("call", "1", "mine")).await.unwrap();
    assert_eq!(aws.gate.points(), 2, "the first attempt timed out, the second went through");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_is_retried() {
    for seed in 0..8 {
        let aws = fixture::aws(seed);
        aws.gate.arm(Plan::none().at(0, Fault::Throttle).at(2, Fault::Throttle));
        fixture::put(&aws, item("call", "1", "mine")).await.unwrap();
        send(&aws, "hello").await.unwrap();
        assert_eq!(aws.gate.points(), 4, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plain_write_in_conflict_is_refused_and_writes_nothing() {
    let aws = armed(Fault::Conflict).await;
    let result = fixture::put(&aws, item("call", "1", "mine")).await;
    // The SDK does not retry this error. Any retry is the program's own.
    let refused = result.unwrap_err().into_service_error();
    assert!(refused.is_transaction_conflict_exception(), "{refused:?}");
    assert_eq!(aws.gate.points(), 1);
    assert_eq!(fixture::get(&aws, "call", "1").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_in_conflict_is_cancelled_for_one_of_its_items() {
    let aws = armed(Fault::Conflict).await;
    let refused = transact(&aws, &["1", "2", "3"]).await.unwrap_err();
    let TransactWriteItemsError::TransactionCanceledException(why) = refused else { panic!("{refused:?}") };
    let mut codes: Vec<_> = why.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["None", "None", "TransactionConflict"]);
    assert_eq!(aws.gate.points(), 1, "the SDK does not retry it");
    assert_eq!(fixture::get(&aws, "call", "1").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_transaction_says_so_in_either_of_two_ways() {
    let mut ways = std::collections::BTreeSet::new();
    for seed in 0..16 {
        let aws = fixture::aws(seed);
        aws.gate.arm(Plan::none().at(0, Fault::Throttle));
        match transact(&aws, &["1", "2"]).await {
            Ok(()) => ways.insert("retried by the SDK"),
            Err(refused) if refused.is_transaction_canceled_exception() => ways.insert("cancelled"),
            Err(refused) => panic!("{refused:?}"),
        };
    }
    assert_eq!(ways.len(), 2, "{ways:?}");
}

async fn transact(aws: &SimulatedAws, keys: &[&str]) -> Result<(), TransactWriteItemsError> {
    let mut transaction = aws.dynamodb.transact_write_items();
    for sk in keys {
        let put = Put::builder().table_name(TABLE).set_item(Some(item("call", sk, "mine"))).build().unwrap();
        transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
    }
    transaction.send().await.map(drop).map_err(aws_sdk_dynamodb::error::SdkError::into_service_error)
}

#[tokio::test(start_paused = true)]
async fn a_transaction_whose_answer_is_lost_is_retried_under_its_token() {
    let aws = armed(Fault::LoseAnswer).await;
    let put = Put::builder().table_name(TABLE).set_item(Some(item("call", "1", "mine")));
    let put = put.condition_expression("attribute_not_exists(pk)").build().unwrap();
    let put = TransactWriteItem::builder().put(put).build();
    aws.dynamodb.transact_write_items().transact_items(put).send().await.unwrap();
    assert_eq!(aws.gate.points(), 2, "the second was recognized by its token, so its condition held");
}

#[tokio::test(start_paused = true)]
async fn an_unprocessed_key_is_neither_found_nor_absent() {
    let mut undone_counts = std::collections::BTreeSet::new();
    for seed in 0..64 {
        let aws = fixture::aws(seed);
        for sk in ["1", "2", "3"] {
            fixture::put(&aws, item("call", sk, sk)).await.unwrap();
        }
        aws.gate.arm(Plan::none().at(0, Fault::Unprocessed));
        let (found, undone) = batch_get(&aws, &["1", "2", "3"]).await;
        assert_eq!(found.len() + undone, 3);
        undone_counts.insert(undone);
        assert_eq!(batch_get(&aws, &["1", "2", "3"]).await.1, 0, "it happens once");
    }
    assert_eq!(undone_counts.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_a_request_leaves_nothing_behind() {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::none().at(1, Fault::CrashBefore));
    assert_eq!(write_two(&aws).await, Ended::Crashed(1));
    assert!(fixture::get(&aws, "call", "1").await.is_some());
    assert_eq!(fixture::get(&aws, "call", "2").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_a_request_leaves_what_it_did() {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::none().at(0, Fault::CrashAfter));
    assert_eq!(write_two(&aws).await, Ended::Crashed(0));
    assert!(fixture::get(&aws, "call", "1").await.is_some());
    assert_eq!(fixture::get(&aws, "call", "2").await, None);
    assert_eq!(write_two(&aws).await, Ended::Finished(()), "the next invocation is not dead");
}

async fn write_two(aws: &SimulatedAws) -> Ended<()> {
    aws.gate
        .invocation(async {
            for sk in ["1", "2"] {
                let put = aws.dynamodb.put_item().table_name(TABLE).set_item(Some(item("call", sk, "mine")));
                put.send().await.unwrap();
            }
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn a_crash_takes_everything_the_invocation_was_doing_with_it() {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::none().at(0, Fault::CrashBefore).at(1, Fault::Slow(Duration::from_secs(1))));
    let both = async { tokio::join!(send(&aws, "a"), async { sleep(Duration::from_secs(9)).await }) };
    assert!(matches!(aws.gate.invocation(both).await, Ended::Crashed(0)));
    assert!(aws.clock.elapsed() < Duration::from_secs(1), "it did not wait for the other future");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "not made from within an invocation")]
async fn a_crash_outside_an_invocation_is_a_mistake_of_the_test() {
    let aws = armed(Fault::CrashAfter).await;
    send(&aws, "hello").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_planned_fault_that_cannot_happen_is_reported() {
    let aws = armed(Fault::Conflict).await;
    fixture::get(&aws, "call", "1").await;
    assert_eq!(aws.gate.not_applicable(), [(0, Fault::Conflict)]);
    assert_eq!(seen(&aws), [("GetItem".to_owned(), None)]);
}

#[tokio::test(start_paused = true)]
async fn a_third_of_the_writes_meets_another() {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::conflicts());
    for call in 0..300 {
        let put = aws.dynamodb.put_item().table_name(TABLE).set_item(Some(item("call", &call.to_string(), "mine")));
        let refused = put.send().await.err();
        assert!(refused.is_none_or(|refused| refused.into_service_error().is_transaction_conflict_exception()));
        fixture::get(&aws, "call", "0").await;
    }
    let operations = aws.gate.operations();
    let conflicts = operations.iter().filter(|operation| operation.fault == Some(Fault::Conflict)).count();
    assert!((70..130).contains(&conflicts), "{conflicts} of 300 writes");
}

#[tokio::test(start_paused = true)]
async fn others_pass_the_same_gate() {
    let aws = fixture::aws(7);
    aws.gate.arm(Plan::none().at(1, Fault::FailBefore).at(2, Fault::LoseAnswer).at(3, Fault::CrashAfter));
    let calls = std::cell::Cell::new(0);
    let place = || {
        let point = Point::new(Service::Provider, "create call");
        aws.gate.pass(point, async {
            calls.set(calls.get() + 1);
            calls.get()
        })
    };
    assert_eq!(place().await, Ok(1));
    assert_eq!(place().await, Err(Broken::NotSent));
    assert_eq!(place().await, Err(Broken::AnswerLost));
    assert_eq!(aws.gate.invocation(place()).await, Ended::Crashed(3));
    assert_eq!(calls.get(), 3);
}

async fn send(aws: &SimulatedAws, body: &str) -> Result<(), aws_sdk_sqs::Error> {
    aws.sqs.send_message().queue_url(super::sqs::url(fixture::QUEUE)).message_body(body).send().await?;
    Ok(())
}

fn key_of(sk: &str) -> std::collections::HashMap<String, AttributeValue> {
    [("pk".to_owned(), text("call")), ("sk".to_owned(), text(sk))].into()
}

/// Runs a mix of retries, jitter, transactions, batches, queues and concurrency.
async fn a_busy_run(seed: u64) -> (Vec<Operation>, Vec<String>) {
    let aws = fixture::aws(seed);
    aws.database.lag_behind(Duration::from_millis(500));
    let liberties =
        Liberties { duplicate: 200, delay: 300, delay_at_most: Duration::from_secs(1), ..Liberties::default() };
    aws.queues.set_liberties(fixture::QUEUE, liberties);
    let plan = Plan::conflicts()
        .with(Rate::new(Fault::LoseAnswer, 50))
        .with(Rate::new(Fault::FailBefore, 50))
        .with(Rate::new(Fault::Throttle, 100))
        .with(Rate::new(Fault::Unprocessed, 300))
        .with(Rate::new(Fault::Slow(Duration::from_millis(300)), 50))
        .with(Rate::new(Fault::CrashAfter, 20));
    aws.gate.arm(plan);
    let work = (0..40).map(|number: usize| {
        let (aws, key) = (aws.clone(), number.to_string());
        async move {
            let ended = aws.gate.invocation(async {
                drop(fixture::put(&aws, item("call", &key, "mine")).await);
                drop(transact(&aws, &[&key, "shared"]).await);
                drop(send(&aws, &key).await);
                let all = KeysAndAttributes::builder().keys(key_of(&key)).keys(key_of("shared")).build().unwrap();
                let found = aws.dynamodb.batch_get_item().request_items(TABLE, all).send().await;
                let found = found.ok().and_then(|found| found.responses?.remove(TABLE)).unwrap_or_default();
                found.iter().map(|item| item["sk"].as_s().unwrap().clone()).collect::<Vec<_>>()
            });
            format!("{:?}", ended.await)
        }
    });
    let ended = futures::future::join_all(work).await;
    let mut seen = ended;
    seen.extend(aws.queues.receive(fixture::QUEUE, 50).into_iter().map(|message| message.id + &message.body));
    (aws.gate.operations(), seen)
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run_to_the_millisecond() {
    let (operations, seen) = a_busy_run(11).await;
    assert!(operations.len() > 150, "{}", operations.len());
    assert_eq!((operations.clone(), seen), a_busy_run(11).await);
    assert_ne!(operations, a_busy_run(12).await.0);
}

/// Runs one process for the test below. It is no test of its own.
#[tokio::test(start_paused = true)]
#[ignore = "the test of two processes runs it twice"]
async fn one_run_of_one_process() {
    println!("{:?}", a_busy_run(11).await);
}

/// Compares two processes. The tests above would miss differences between processes, such as the order of a hash map,
/// and values drawn only once in each.
#[test]
fn the_same_seed_gives_the_same_run_in_every_process() {
    let run = || {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", "harness::aws::fault_tests::one_run_of_one_process", "--ignored", "--nocapture"]);
        let printed = String::from_utf8(process.output().unwrap().stdout).unwrap();
        let line = printed.lines().find(|line| line.contains("PutItem")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no run in {printed}"))
    };
    assert_eq!(run(), run());
}
