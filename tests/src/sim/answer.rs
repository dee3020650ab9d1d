//! What a simulated service answers over the wire, and its refusals.

use serde_json::{Value, json};

/// One answer in AWS's JSON protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// The header by which SQS keeps the error codes of its older protocol.
    pub query_error: Option<String>,
}

impl Answer {
    /// Success.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body, query_error: None }
    }

    /// A refusal by DynamoDB.
    pub fn dynamo_error(kind: &str, message: &str) -> Self {
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": message});
        Self { status: 400, body, query_error: None }
    }

    /// A refusal by SQS. `code` is the older protocol's name of `kind`, by which the SDK knows it.
    pub fn sqs_error(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let body = json!({"__type": format!("com.amazonaws.sqs#{kind}"), "message": message});
        let side = if status < 500 { "Sender" } else { "Receiver" };
        Self { status, body, query_error: Some(format!("{code};{side}")) }
    }
}

/// SQS has too much to do.
pub fn throttled_queue() -> Answer {
    Answer::sqs_error(403, "RequestThrottled", "RequestThrottled", "Rate exceeded")
}

/// DynamoDB has too much to do. A transaction has two ways of saying so, of which the SDK retries only the first.
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

/// DynamoDB sees another write on the same item.
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

/// A transaction cancelled for the sake of one of its items, whichever.
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
    // This one error spells its message with a capital letter.
    answer.body = json!({"__type": answer.body["__type"], "Message": message, "CancellationReasons": reasons});
    answer
}
