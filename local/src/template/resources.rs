//! Queues and tables of the template.

use serde_json::Value;

use super::reader::Reader;
use crate::Error;

/// SQS's own default, if the template sets no visibility timeout, in seconds.
const DEFAULT_VISIBILITY_S: u32 = 30;

/// Queue of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Logical id in the template.
    pub id: String,
    /// Name of the created queue.
    pub name: String,
    /// Time for which a received message stays invisible, in seconds.
    pub visibility_timeout_s: u32,
    /// Delay of messages that set none of their own, in seconds.
    pub delay_s: u32,
    /// Dead-letter queue for messages that were received too often.
    pub redrive: Option<Redrive>,
}

/// Dead-letter queue of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// Logical id of the dead-letter queue.
    pub queue: String,
    /// Number of receives after which a message is moved there.
    pub max_receive_count: u32,
}

/// Table of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Logical id in the template.
    pub id: String,
    /// Name of the created table.
    pub name: String,
    /// Key attributes of the table and its indexes, with their types (`S`, `N`, `B`).
    pub attributes: Vec<(String, String)>,
    /// Keys of the table.
    pub keys: Vec<Key>,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// Attribute with the time from which an item may be removed.
    pub ttl_attribute: Option<String>,
}

/// Part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Name of the attribute.
    pub attribute: String,
    /// Kind: `HASH` or `RANGE`.
    pub kind: String,
}

/// Global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name of the index.
    pub name: String,
    /// Keys of the index.
    pub keys: Vec<Key>,
    /// Projection: `ALL`, `KEYS_ONLY` or `INCLUDE`.
    pub projection: String,
    /// Attributes that are included besides the keys.
    pub included: Vec<String>,
}

/// Reads an `AWS::SQS::Queue`.
pub(super) fn queue(id: &str, properties: &Value, stack: &str) -> Result<Queue, Error> {
    let reader = Reader::new(id, "", properties);
    if let Some(fifo) = reader.get("FifoQueue")
        && fifo.flag()?
    {
        return Err(fifo.error("the local stack has standard queues only"));
    }
    let redrive = match reader.get("RedrivePolicy") {
        Some(policy) => Some(Redrive {
            queue: policy.required("deadLetterTargetArn")?.arn_of()?,
            max_receive_count: policy.required("maxReceiveCount")?.number()?,
        }),
        None => None,
    };
    Ok(Queue {
        id: id.to_owned(),
        name: name(&reader, "QueueName", stack, id)?,
        visibility_timeout_s: reader.number_or("VisibilityTimeout", DEFAULT_VISIBILITY_S)?,
        delay_s: reader.number_or("DelaySeconds", 0)?,
        redrive,
    })
}

/// Reads an `AWS::DynamoDB::Table`.
pub(super) fn table(id: &str, properties: &Value, stack: &str) -> Result<Table, Error> {
    let reader = Reader::new(id, "", properties);
    let mut attributes = Vec::new();
    for attribute in reader.required("AttributeDefinitions")?.list()? {
        let name = attribute.required("AttributeName")?.text()?.to_owned();
        attributes.push((name, attribute.required("AttributeType")?.text()?.to_owned()));
    }
    let mut indexes = Vec::new();
    if let Some(list) = reader.get("GlobalSecondaryIndexes") {
        for item in list.list()? {
            indexes.push(index(&item)?);
        }
    }
    let ttl_attribute = match reader.get("TimeToLiveSpecification") {
        Some(ttl) if ttl.required("Enabled")?.flag()? => Some(ttl.required("AttributeName")?.text()?.to_owned()),
        _ => None,
    };
    Ok(Table {
        id: id.to_owned(),
        name: name(&reader, "TableName", stack, id)?,
        attributes,
        keys: keys(&reader)?,
        indexes,
        ttl_attribute,
    })
}

fn index(reader: &Reader<'_>) -> Result<Index, Error> {
    let projection = reader.required("Projection")?;
    let mut included = Vec::new();
    if let Some(names) = projection.get("NonKeyAttributes") {
        for name in names.list()? {
            included.push(name.text()?.to_owned());
        }
    }
    Ok(Index {
        name: reader.required("IndexName")?.text()?.to_owned(),
        keys: keys(reader)?,
        projection: projection.required("ProjectionType")?.text()?.to_owned(),
        included,
    })
}

fn keys(reader: &Reader<'_>) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::new();
    for key in reader.required("KeySchema")?.list()? {
        let attribute = key.required("AttributeName")?.text()?.to_owned();
        keys.push(Key { attribute, kind: key.required("KeyType")?.text()?.to_owned() });
    }
    Ok(keys)
}

/// Returns the name that the template gives, or one made from the stack's name as CloudFormation does.
fn name(reader: &Reader<'_>, property: &str, stack: &str, id: &str) -> Result<String, Error> {
    match reader.get(property) {
        Some(name) => Ok(name.text()?.to_owned()),
        None => Ok(format!("{stack}-{id}")),
    }
}
