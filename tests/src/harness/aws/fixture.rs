//! Fixture of the simulation's own tests: a table as in the deployment, one queue, and short helpers to use them.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde_json::{Value, json};

use super::SimulatedAws;
use super::queue::QueueSettings;

pub(super) const TABLE: &str = "ringdown";
pub(super) const QUEUE: &str = "dispatch";
pub(super) const VISIBILITY: Duration = Duration::from_secs(180);

/// Creates a world with the deployment's table and its dispatch queue.
pub(super) fn aws(seed: u64) -> SimulatedAws {
    let aws = SimulatedAws::new(seed, TABLE, &table());
    aws.queues.create(
        QUEUE,
        QueueSettings { visibility_timeout: VISIBILITY, dead_letter: Some(("dispatch-dead".to_owned(), 5)) },
    );
    aws
}

/// Returns the properties of the table, in the words of the template.
fn table() -> Value {
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let attribute = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    json!({
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            attribute("pk", "S"), attribute("sk", "S"), attribute("listPk", "S"),
            attribute("listSk", "S"), attribute("duePk", "S"), attribute("dueAt", "N"),
        ],
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "list",
                "KeySchema": [key("listPk", "HASH"), key("listSk", "RANGE")],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "due",
                "KeySchema": [key("duePk", "HASH"), key("dueAt", "RANGE")],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["nudges"]},
            },
        ],
        "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": true},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
    })
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn item(pk: &str, sk: &str, value: &str) -> HashMap<String, AttributeValue> {
    [("pk", pk), ("sk", sk), ("value", value)].map(|(name, value)| (name.to_owned(), text(value))).into()
}

/// Makes a conditional put, as an accepted request does.
pub(super) async fn put(
    aws: &SimulatedAws,
    item: HashMap<String, AttributeValue>,
) -> Result<PutItemOutput, SdkError<PutItemError>> {
    let put = aws.dynamodb.put_item().table_name(TABLE).set_item(Some(item));
    put.condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
}

pub(super) async fn get(aws: &SimulatedAws, pk: &str, sk: &str) -> Option<HashMap<String, AttributeValue>> {
    let get = aws.dynamodb.get_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
    get.consistent_read(true).send().await.unwrap().item
}
