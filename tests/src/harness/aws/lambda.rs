//! Lambda's side of a queue: the event that a function receives, and the messages after its answer.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::queue::Message;
use super::sqs::{Sqs, md5_hex};
use super::{ACCOUNT, REGION};

/// Returns the event that Lambda sends a function for a batch of messages.
pub fn queue_event(queue: &str, messages: &[Message]) -> Value {
    json!({"Records": messages.iter().map(|message| record(queue, message)).collect::<Vec<_>>()})
}

fn record(queue: &str, message: &Message) -> Value {
    let mut attributes = json!({
        "ApproximateReceiveCount": message.receive_count.to_string(),
        "SentTimestamp": message.sent_ms.to_string(),
        "SenderId": ACCOUNT,
        "ApproximateFirstReceiveTimestamp": message.first_received_ms.to_string(),
    });
    if let Some(group) = &message.group {
        attributes["MessageGroupId"] = json!(group);
    }
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": message_attributes(&message.attributes),
        "md5OfBody": md5_hex(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        "awsRegion": REGION,
    })
}

/// Returns message attributes as Lambda spells them: with small first letters, and with two lists that are always
/// empty.
fn message_attributes(sent: &Value) -> Value {
    let mut attributes = Map::new();
    for (name, attribute) in sent.as_object().into_iter().flatten() {
        let mut renamed = json!({"stringListValues": [], "binaryListValues": []});
        for (theirs, ours) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue"), ("DataType", "dataType")]
        {
            if let Some(value) = attribute.get(theirs) {
                renamed[ours] = value.clone();
            }
        }
        attributes.insert(name.clone(), renamed);
    }
    Value::Object(attributes)
}

/// Deletes the messages that a function does not report as failed. The failed ones become visible again after their
/// visibility timeout. The whole batch does so if the answer is missing or malformed.
pub fn settle(sqs: &Sqs, queue: &str, messages: &[Message], answer: Option<&Value>) {
    let Some(failed) = answer.and_then(|answer| failures(messages, answer)) else { return };
    for message in messages.iter().filter(|message| !failed.contains(&message.id)) {
        sqs.acknowledge(queue, &message.receipt);
    }
}

/// Returns the ids reported as failed. Returns `None` if the report is malformed. Lambda then counts the whole batch as
/// failed.
fn failures(messages: &[Message], answer: &Value) -> Option<BTreeSet<String>> {
    let reported = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Some(BTreeSet::new()),
        Some(reported) => reported.as_array()?,
    };
    let ids: Option<BTreeSet<String>> =
        reported.iter().map(|failure| failure["itemIdentifier"].as_str().map(str::to_owned)).collect();
    ids.filter(|ids| ids.iter().all(|id| messages.iter().any(|message| message.id == *id)))
}
