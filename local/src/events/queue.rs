//! SQS batches of Lambda: the event, and the result of each message in the function's answer.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Builds the event for a batch of messages.
pub fn sqs_event(messages: &[Message], queue_arn: &str, region: &str) -> Value {
    let records: Vec<Value> = messages.iter().map(|message| record(message, queue_arn, region)).collect();
    json!({ "Records": records })
}

fn record(message: &Message, queue_arn: &str, region: &str) -> Value {
    let system = message.attributes.iter().flatten();
    let attributes: BTreeMap<&str, &str> = system.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = message.message_attributes.iter().flatten();
    let own: BTreeMap<&str, Value> = sent.map(|(name, value)| (name.as_str(), message_attribute(value))).collect();
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body.as_deref().unwrap_or_default(),
        "attributes": attributes,
        "messageAttributes": own,
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    })
}

fn message_attribute(value: &MessageAttributeValue) -> Value {
    let mut attribute = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type,
    });
    if let Some(text) = &value.string_value {
        attribute["stringValue"] = json!(text);
    }
    if let Some(bytes) = &value.binary_value {
        attribute["binaryValue"] = json!(BASE64_STANDARD.encode(bytes));
    }
    attribute
}

/// Result of a batch after its function has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// These messages failed and stay in the queue. All others are deleted.
    Failed(BTreeSet<String>),
    /// The answer is malformed. The whole batch stays in the queue. Carries the reason.
    Malformed(String),
}

/// Reads the answer of a function that reports failures per item. `sent` contains the ids of its batch.
pub fn settle(answer: &Value, sent: &BTreeSet<String>) -> Settled {
    let malformed = |reason: &str| Settled::Malformed(reason.to_owned());
    let failures = match answer {
        Value::Null => return Settled::Failed(BTreeSet::new()),
        Value::Object(map) => map.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return malformed("the answer is no object"),
    };
    let items = match failures {
        Value::Null => return Settled::Failed(BTreeSet::new()),
        Value::Array(items) => items,
        _ => return malformed("batchItemFailures is no list"),
    };
    let mut failed = BTreeSet::new();
    for item in items {
        match item.get("itemIdentifier").and_then(Value::as_str) {
            Some(id) if sent.contains(id) => drop(failed.insert(id.to_owned())),
            Some("") => return malformed("an itemIdentifier is empty"),
            Some(_) => return malformed("an itemIdentifier names no message of the batch"),
            None => return malformed("an item has no itemIdentifier"),
        }
    }
    Settled::Failed(failed)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageSystemAttributeName;

    use super::*;

    #[test]
    fn an_event_has_a_record_for_each_message() {
        let kind = MessageAttributeValue::builder().data_type("String").string_value("v").build().expect("complete");
        let message = Message::builder()
            .message_id("m1")
            .receipt_handle("r1")
            .body("{}")
            .md5_of_body("md5")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "2")
            .message_attributes("kind", kind)
            .build();
        assert_eq!(
            sqs_event(&[message], "arn:aws:sqs:us-east-1:000000000000:jobs", "us-east-1"),
            json!({ "Records": [{
                "messageId": "m1",
                "receiptHandle": "r1",
                "body": "{}",
                "attributes": { "ApproximateReceiveCount": "2" },
                "messageAttributes": { "kind": {
                    "stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String",
                } },
                "md5OfBody": "md5",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:jobs",
                "awsRegion": "us-east-1",
            }] })
        );
    }

    #[test]
    fn only_the_items_named_have_failed() {
        let sent = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        for fine in [json!(null), json!({}), json!({ "batchItemFailures": null }), json!({ "batchItemFailures": [] })] {
            assert_eq!(settle(&fine, &sent), Settled::Failed(BTreeSet::new()), "{fine}");
        }
        let one = json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] });
        assert_eq!(settle(&one, &sent), Settled::Failed(BTreeSet::from(["b".to_owned()])));
    }

    #[test]
    fn an_answer_that_makes_no_sense_fails_the_batch() {
        let sent = BTreeSet::from(["a".to_owned()]);
        for malformed in [
            json!("fine"),
            json!({ "batchItemFailures": "a" }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": null }] }),
            json!({ "batchItemFailures": [{ "itemIdentifer": "a" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "z" }] }),
        ] {
            assert!(matches!(settle(&malformed, &sent), Settled::Malformed(_)), "{malformed}");
        }
    }
}
