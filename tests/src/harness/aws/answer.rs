//! Wire answers of the simulated services, with their refusals.

use serde_json::{Value, json};

/// Answer in AWS's JSON protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
    /// Value of the header in which SQS keeps the error codes of its older protocol.
    pub query_error: Option<String>,
}

impl Answer {
    /// Returns a success with status 200.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body, query_error: None }
    }

    /// Returns a refusal by DynamoDB with status 400.
    pub fn dynamo_error(kind: &str, message: &str) -> Self {
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": message});
        Self { status: 400, body, query_error: None }
    }

    /// Returns a refusal by SQS. `code` is the name of `kind` in the older protocol, by which the SDK knows the error.
    pub fn sqs_error(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let body = json!({"__type": format!("com.amazonaws.sqs#{kind}"), "message": message});
        let side = if status < 500 { "Sender" } else { "Receiver" };
        Self { status, body, query_error: Some(format!("{code};{side}")) }
    }
}

/// Returns the answer of an SQS that throttles the request.
pub fn throttled_queue() -> Answer {
    Answer::sqs_error(403, "RequestThrottled", "RequestThrottled", "Rate exceeded")
}

/// Returns the answer of a DynamoDB that throttles the request. For a transaction there are two forms, and the SDK
/// retries only the first.
pub fn throttled_table(operation: &str, request: &Value, chance: &mut fastrand::Rng) -> Answer {
    if is_transaction(operation) && chance.bool() {
        return cancelled(request, "ThrottlingError", "Throughput exceeds the current capacity of your table", chance);
    }
    if chance.bool() {
        Answer::dynamo_error(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded",
        )
    } else {
        Answer::dynamo_error("ThrottlingException", "Throughput exceeds the current capacity of your table or index")
    }
}

/// Returns the answer of a DynamoDB that sees another write on the same item.
pub fn conflict(operation: &str, request: &Value, chance: &mut fastrand::Rng) -> Answer {
    if is_transaction(operation) {
        cancelled(request, "TransactionConflict", "Transaction is ongoing for the item", chance)
    } else {
        Answer::dynamo_error("TransactionConflictException", "Transaction is ongoing for the item")
    }
}

fn is_transaction(operation: &str) -> bool {
    matches!(operation, "TransactWriteItems" | "TransactGetItems")
}

/// Returns the cancellation of a transaction because of one of its items, chosen at random.
fn cancelled(request: &Value, code: &str, message: &str, chance: &mut fastrand::Rng) -> Answer {
    let items = request["TransactItems"].as_array().map_or(1, Vec::len);
    let culprit = chance.usize(0..items);
    let reasons: Vec<Value> = (0..items)
        .map(|item| if item == culprit { json!({"Code": code, "Message": message}) } else { json!({"Code": "None"}) })
        .collect();
    let codes: Vec<&str> = (0..items).map(|item| if item == culprit { code } else { "None" }).collect();
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let mut answer = Answer::dynamo_error("TransactionCanceledException", "");
    // This error alone spells its message with a capital letter.
    answer.body = json!({"__type": answer.body["__type"], "Message": message, "CancellationReasons": reasons});
    answer
}
