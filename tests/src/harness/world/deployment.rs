//! Deployment described by `template.yaml`. The simulation uses the same table, queues and timeouts as AWS.

use std::sync::LazyLock;
use std::time::Duration;

use local::template::{Names, QueueSource, Template, Trigger};
use serde_json::{Value, json};
use store::QueueName;

use crate::harness::aws::REGION;

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let text = include_str!("../../../../template.yaml");
    Template::read(text, REGION, &Names::new()).expect("the template can be followed")
});

static TABLE: LazyLock<Value> = LazyLock::new(|| {
    let [table] = TEMPLATE.tables.as_slice() else { panic!("the deployment has one table") };
    let keys = |keys: &[local::template::Key]| -> Vec<Value> {
        keys.iter().map(|key| json!({"AttributeName": key.attribute, "KeyType": key.kind})).collect()
    };
    let attributes: Vec<Value> =
        table.attributes.iter().map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind})).collect();
    let indexes: Vec<Value> = table
        .indexes
        .iter()
        .map(|index| {
            let mut projection = json!({"ProjectionType": index.projection});
            if !index.included.is_empty() {
                projection["NonKeyAttributes"] = json!(index.included);
            }
            json!({"IndexName": index.name, "KeySchema": keys(&index.keys), "Projection": projection})
        })
        .collect();
    json!({
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": keys(&table.keys),
        "GlobalSecondaryIndexes": indexes,
        "TimeToLiveSpecification": table.ttl_attribute.as_ref().map(|name| json!({"AttributeName": name, "Enabled": true})),
    })
});

/// Returns the properties of the table, in the template's form.
pub(super) fn table() -> &'static Value {
    &TABLE
}

/// Settings of a queue and of its consumer.
pub(super) struct Queue {
    pub(super) visibility_timeout: Duration,
    pub(super) max_receive_count: u32,
    pub(super) batch_size: usize,
    pub(super) consumer: &'static str,
}

/// Returns the settings of a queue from the template.
pub(super) fn queue(name: QueueName) -> Queue {
    let consumer = match name {
        QueueName::Dispatch => "dispatch-call",
        QueueName::Webhooks => "deliver-webhook",
        QueueName::Turns => "run-sms-turn",
        QueueName::Simulator => "simulator-callback",
        QueueName::Bulk => "accept-bulk-item",
    };
    let source = source(consumer);
    let queue = TEMPLATE.queues.iter().find(|queue| queue.id == source.queue).expect("the template was checked");
    Queue {
        visibility_timeout: Duration::from_secs(queue.visibility_timeout_s.into()),
        max_receive_count: queue.redrive.as_ref().expect("it has a dead-letter queue").max_receive_count,
        batch_size: usize::try_from(source.batch_size).unwrap(),
        consumer,
    }
}

fn source(handler: &str) -> &'static QueueSource {
    let triggers = &function(handler).triggers;
    let source = triggers.iter().find_map(|trigger| match trigger {
        Trigger::Queue(source) => Some(source),
        Trigger::Http(_) | Trigger::Schedule(_) => None,
    });
    source.expect("a queue wakes it")
}

fn function(handler: &str) -> &'static local::template::Function {
    TEMPLATE.functions.iter().find(|function| function.handler == handler).expect("the function is in the template")
}

/// Returns the time limit of an invocation.
pub(super) fn timeout(handler: &str) -> Duration {
    function(handler).timeout
}
