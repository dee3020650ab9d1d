//! Tests that the simulated table is close enough to DynamoDB for what the store asks of it.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure, TransactGetItem,
    TransactWriteItem, Update,
};
use tokio::time::sleep;

use super::fixture::{self, TABLE, item, number, text};
use super::{SimulatedAws, faults::Plan};

type Item = HashMap<String, AttributeValue>;

fn put_if_absent(item: Item) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap();
    TransactWriteItem::builder().put(put).build()
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_gives_back_the_item_that_stands_in_the_way() {
    let aws = fixture::aws(1);
    fixture::put(&aws, item("call", "1", "first")).await.unwrap();
    let refused = fixture::put(&aws, item("call", "1", "second")).await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(refused) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.item().unwrap()["value"], text("first"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_of_an_update_or_a_delete_gives_it_back_too() {
    let aws = fixture::aws(1);
    fixture::put(&aws, item("call", "1", "first")).await.unwrap();
    let update = aws.dynamodb.update_item().table_name(TABLE).key("pk", text("call")).key("sk", text("1"));
    let refused = update
        .update_expression("SET #v = :new")
        .condition_expression("#v = :old")
        .expression_attribute_names("#v", "value")
        .expression_attribute_values(":new", text("third"))
        .expression_attribute_values(":old", text("second"))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(refused) =
        refused.unwrap_err().into_service_error()
    else {
        panic!("an update past its condition")
    };
    assert_eq!(refused.item().unwrap()["value"], text("first"));

    let delete = aws.dynamodb.delete_item().table_name(TABLE).key("pk", text("call")).key("sk", text("1"));
    let refused = delete
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let aws_sdk_dynamodb::operation::delete_item::DeleteItemError::ConditionalCheckFailedException(refused) =
        refused.unwrap_err().into_service_error()
    else {
        panic!("a delete past its condition")
    };
    assert_eq!(refused.item().unwrap()["value"], text("first"));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_transaction_says_which_item_and_changes_nothing() {
    let aws = fixture::aws(1);
    fixture::put(&aws, item("call", "2", "taken")).await.unwrap();
    let refused = aws
        .dynamodb
        .transact_write_items()
        .transact_items(put_if_absent(item("call", "1", "new")))
        .transact_items(put_if_absent(item("call", "2", "new")))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(why) =
        refused
    else {
        panic!("{refused:?}")
    };
    let codes: Vec<_> = why.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(why.cancellation_reasons()[1].item().unwrap()["value"], text("taken"));
    assert_eq!(fixture::get(&aws, "call", "1").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_may_check_and_update_and_not_touch_an_item_twice() {
    let aws = fixture::aws(1);
    fixture::put(&aws, item("call", "1", "first")).await.unwrap();
    let check = ConditionCheck::builder()
        .table_name(TABLE)
        .key("pk", text("call"))
        .key("sk", text("1"))
        .condition_expression("attribute_exists(pk)")
        .build()
        .unwrap();
    let update = Update::builder()
        .table_name(TABLE)
        .key("pk", text("call"))
        .key("sk", text("2"))
        .update_expression("ADD tries :one")
        .expression_attribute_values(":one", number(1))
        .build()
        .unwrap();
    let check = TransactWriteItem::builder().condition_check(check).build();
    let update = TransactWriteItem::builder().update(update).build();
    let both = aws.dynamodb.transact_write_items().transact_items(check.clone()).transact_items(update);
    both.send().await.unwrap();
    assert_eq!(fixture::get(&aws, "call", "2").await.unwrap()["tries"], number(1));

    let twice = aws.dynamodb.transact_write_items().transact_items(check.clone()).transact_items(check);
    let refused = twice.send().await.unwrap_err();
    assert_eq!(refused.into_service_error().meta().code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_done_once_under_its_token_for_ten_minutes() {
    let aws = fixture::aws(1);
    let send = |value: &'static str| {
        let transaction = aws.dynamodb.transact_write_items().client_request_token("token");
        transaction.transact_items(put_if_absent(item("call", "1", value))).send()
    };
    send("first").await.unwrap();
    send("first").await.unwrap();
    let refused = send("second").await.unwrap_err().into_service_error();
    assert!(refused.is_idempotent_parameter_mismatch_exception(), "{refused:?}");
    sleep(Duration::from_secs(600)).await;
    let refused = send("first").await.unwrap_err().into_service_error();
    assert!(refused.is_transaction_canceled_exception(), "{refused:?}");

    let long = aws.dynamodb.transact_write_items().client_request_token("t".repeat(37));
    let refused = long.transact_items(put_if_absent(item("call", "2", "value"))).send().await.unwrap_err();
    assert_eq!(refused.into_service_error().meta().code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn the_due_index_holds_what_is_due_in_the_order_of_numbers() {
    let aws = fixture::aws(1);
    for (sk, due_at) in [("1", Some(900)), ("2", Some(10_000)), ("3", None), ("4", Some(20_000))] {
        let mut item = item("call", sk, "value");
        item.insert("nudges".to_owned(), number(3));
        if let Some(due_at) = due_at {
            item.insert("duePk".to_owned(), text("due"));
            item.insert("dueAt".to_owned(), number(due_at));
        }
        fixture::put(&aws, item).await.unwrap();
    }
    let query = aws.dynamodb.query().table_name(TABLE).index_name("due");
    let query = query
        .key_condition_expression("duePk = :due AND dueAt <= :now")
        .expression_attribute_values(":due", text("due"))
        .expression_attribute_values(":now", number(10_000));
    let found = query.clone().send().await.unwrap();
    let keys: Vec<_> = found.items().iter().map(|item| item["sk"].clone()).collect();
    assert_eq!(keys, [text("1"), text("2")], "by number, and without what has no due time");
    assert_eq!(found.items()[0]["nudges"], number(3));
    assert!(!found.items()[0].contains_key("value"), "the index projects only what it is told to");

    let page = query.clone().limit(1).send().await.unwrap();
    let next = query.clone().limit(1).set_exclusive_start_key(page.last_evaluated_key).send().await.unwrap();
    assert_eq!(next.items()[0]["sk"], text("2"));

    let refused = query.consistent_read(true).send().await.unwrap_err();
    assert_eq!(refused.into_service_error().meta().code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn an_item_leaves_the_sparse_index_with_its_attribute() {
    let aws = fixture::aws(1);
    let mut due = item("call", "1", "value");
    due.extend([("duePk".to_owned(), text("due")), ("dueAt".to_owned(), number(1))]);
    fixture::put(&aws, due).await.unwrap();
    let update = aws.dynamodb.update_item().table_name(TABLE).key("pk", text("call")).key("sk", text("1"));
    update.update_expression("REMOVE duePk, dueAt").send().await.unwrap();
    let query = aws.dynamodb.query().table_name(TABLE).index_name("due").key_condition_expression("duePk = :due");
    let found = query.expression_attribute_values(":due", text("due")).send().await.unwrap();
    assert_eq!(found.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_index_key_of_the_wrong_type_is_refused() {
    let aws = fixture::aws(1);
    let mut wrong = item("call", "1", "value");
    wrong.extend([("duePk".to_owned(), text("due")), ("dueAt".to_owned(), text("soon"))]);
    let refused = fixture::put(&aws, wrong).await.unwrap_err();
    assert_eq!(refused.into_service_error().meta().code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_and_a_transaction_of_reads_give_what_is_there() {
    let aws = fixture::aws(1);
    for sk in ["1", "2", "3"] {
        fixture::put(&aws, item("call", sk, sk)).await.unwrap();
    }
    let found = batch_get(&aws, &["1", "2", "3", "4"]).await;
    assert_eq!(found, (vec!["1".to_owned(), "2".to_owned(), "3".to_owned()], 0));

    let get = |sk: &str| {
        let get = aws_sdk_dynamodb::types::Get::builder().table_name(TABLE);
        let get = get.key("pk", text("call")).key("sk", text(sk)).build().unwrap();
        TransactGetItem::builder().get(get).build()
    };
    let read = aws.dynamodb.transact_get_items().transact_items(get("1")).transact_items(get("4"));
    let read = read.send().await.unwrap();
    assert!(read.responses()[0].item().is_some() && read.responses()[1].item().is_none());
}

/// Returns the found sort keys in order, and the number of keys left unprocessed.
pub(super) async fn batch_get(aws: &SimulatedAws, keys: &[&str]) -> (Vec<String>, usize) {
    let keys = keys.iter().map(|sk| item("call", sk, "")).map(|mut key| {
        key.remove("value");
        key
    });
    let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build().unwrap();
    let answer = aws.dynamodb.batch_get_item().request_items(TABLE, wanted).send().await.unwrap();
    let items = answer.responses().unwrap().get(TABLE).cloned().unwrap_or_default();
    let mut found: Vec<String> = items.iter().map(|item| item["sk"].as_s().unwrap().clone()).collect();
    found.sort();
    let undone = answer.unprocessed_keys().and_then(|tables| tables.get(TABLE));
    assert!(undone.is_none_or(|undone| undone.consistent_read() == Some(true)), "an unprocessed key keeps its options");
    (found, undone.map_or(0, |undone| undone.keys().len()))
}

#[tokio::test(start_paused = true)]
async fn an_expired_item_stays_until_the_sweep() {
    let aws = fixture::aws(1);
    let mut short_lived = item("call", "1", "value");
    short_lived.insert("expiresAt".to_owned(), number(aws.clock.now_ms() / 1000 + 60));
    fixture::put(&aws, short_lived).await.unwrap();
    assert_eq!(aws.database.expire_items(), 0);
    sleep(Duration::from_secs(120)).await;
    assert!(fixture::get(&aws, "call", "1").await.is_some(), "DynamoDB returns what has expired until it deletes it");
    assert_eq!(aws.database.expire_items(), 1);
    assert_eq!(fixture::get(&aws, "call", "1").await, None);
}

#[tokio::test(start_paused = true)]
async fn an_index_may_lag_behind_the_table() {
    let aws = fixture::aws(1);
    let lag = Duration::from_secs(10);
    let write = async |sk: &str| {
        let mut due = item("call", sk, "value");
        due.extend([("duePk".to_owned(), text("due")), ("dueAt".to_owned(), number(1))]);
        fixture::put(&aws, due).await.unwrap();
    };
    let due = async || {
        let query = aws.dynamodb.query().table_name(TABLE).index_name("due").key_condition_expression("duePk = :due");
        query.expression_attribute_values(":due", text("due")).send().await.unwrap().count()
    };
    write("before").await;
    aws.database.lag_behind(lag);
    for sk in ["1", "2", "3", "4", "5"] {
        write(sk).await;
        assert!(fixture::get(&aws, "call", sk).await.is_some(), "a consistent read does not lag");
    }
    let update = aws.dynamodb.update_item().table_name(TABLE).key("pk", text("call")).key("sk", text("before"));
    update.update_expression("REMOVE duePk, dueAt").send().await.unwrap();
    let early = due().await;
    assert!((1..5).contains(&early), "{early} seen: it has not learned of every write yet");
    sleep(lag).await;
    assert_eq!(due().await, 5);
    aws.dynamodb.delete_item().table_name(TABLE).key("pk", text("call")).key("sk", text("1")).send().await.unwrap();
    sleep(lag).await;
    assert_eq!(due().await, 4);
}

#[tokio::test(start_paused = true)]
async fn what_the_tests_own_setup_asks_for_is_no_point() {
    let aws = fixture::aws(1);
    fixture::put(&aws, item("call", "1", "value")).await.unwrap();
    aws.gate.arm(Plan::none());
    fixture::get(&aws, "call", "1").await.unwrap();
    let operations = aws.gate.operations();
    assert_eq!(operations.len(), 1);
    assert_eq!((operations[0].index, operations[0].point.name.as_str()), (0, "GetItem"));
}
