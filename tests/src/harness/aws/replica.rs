//! Copy of the table for eventually consistent reads. It receives each write a little later. Indexes are always read
//! from the copy.

use std::collections::BTreeMap;
use std::time::Duration;

use dynoxide::Database;
use serde_json::{Value, json};

use super::dynamo::direct;

/// Copy of the table with the writes that it has not received yet.
pub(super) struct Replica {
    pub(super) database: Database,
    table: String,
    key_names: Vec<String>,
    lag_at_most: Duration,
    /// Writes that are still to be received, in order of time. The number distinguishes writes of the same instant.
    pending: BTreeMap<(Duration, u64), (Value, Option<Value>)>,
    /// Time at which each key is up to date. It keeps the versions of one item in order.
    settled_at: BTreeMap<String, Duration>,
    issued: u64,
    chance: fastrand::Rng,
}

impl Replica {
    /// Creates a copy of a table as it is now, from the request that made the table.
    pub(super) fn new(primary: &Database, definition: &Value, lag_at_most: Duration, chance: fastrand::Rng) -> Self {
        let database = Database::memory().unwrap();
        direct(definition, |request| database.create_table(request));
        let table = definition["TableName"].as_str().unwrap().to_owned();
        let keys = definition["KeySchema"].as_array().unwrap();
        let key_names = keys.iter().map(|key| key["AttributeName"].as_str().unwrap().to_owned()).collect();
        let mut from = Value::Null;
        loop {
            let mut scan = json!({"TableName": table});
            if !from.is_null() {
                scan["ExclusiveStartKey"] = from;
            }
            let mut page = direct(&scan, |request| primary.scan(request)).body;
            for item in page["Items"].as_array().unwrap() {
                put(&database, &table, item);
            }
            from = page["LastEvaluatedKey"].take();
            if from.is_null() {
                break;
            }
        }
        let (pending, settled_at) = (BTreeMap::new(), BTreeMap::new());
        Self { database, table, key_names, lag_at_most, pending, settled_at, issued: 0, chance }
    }

    /// Creates a fresh copy of the table with the same lag.
    pub(super) fn again(&mut self, primary: &Database, definition: &Value) -> Self {
        Self::new(primary, definition, self.lag_at_most, self.chance.fork())
    }

    /// Notes the items that a successful write has left in the table.
    pub(super) fn note(&mut self, primary: &Database, operation: &str, request: &Value, now: Duration) {
        for written in written(operation, request) {
            let names = self.key_names.iter();
            let key: Value = names.map(|name| (name.clone(), written[name.as_str()].clone())).collect();
            let read = json!({"TableName": self.table, "Key": key, "ConsistentRead": true});
            let item = direct(&read, |request| primary.get_item(request)).body.get("Item").cloned();
            let lag = self.chance.u64(0..=u64::try_from(self.lag_at_most.as_millis()).unwrap());
            let settled_at = self.settled_at.entry(key.to_string()).or_default();
            *settled_at = (now + Duration::from_millis(lag)).max(*settled_at);
            self.issued += 1;
            self.pending.insert((*settled_at, self.issued), (key, item));
        }
    }

    /// Applies the writes that are due by now.
    pub(super) fn catch_up(&mut self, now: Duration) {
        let later = self.pending.split_off(&(now, u64::MAX));
        for (key, item) in std::mem::replace(&mut self.pending, later).into_values() {
            match item {
                Some(item) => put(&self.database, &self.table, &item),
                None => {
                    let delete = json!({"TableName": self.table, "Key": key});
                    direct(&delete, |request| self.database.delete_item(request));
                }
            }
        }
    }
}

/// Returns `true` if DynamoDB may answer a read from a copy.
pub(super) fn may_be_stale(operation: &str, request: &Value) -> bool {
    let consistent = |read: &Value| read["ConsistentRead"] == json!(true);
    match operation {
        "GetItem" | "Query" | "Scan" => !consistent(request),
        "BatchGetItem" => !request["RequestItems"].as_object().is_some_and(|tables| tables.values().any(consistent)),
        _ => false,
    }
}

/// Returns the items or keys of a write. Each contains at least the key attributes.
pub(super) fn written<'a>(operation: &str, request: &'a Value) -> Vec<&'a Value> {
    match operation {
        "PutItem" => vec![&request["Item"]],
        "UpdateItem" | "DeleteItem" => vec![&request["Key"]],
        "BatchWriteItem" => {
            let tables = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
            let writes = tables.flat_map(|writes| writes.as_array().into_iter().flatten());
            writes
                .map(|write| {
                    let put = &write["PutRequest"]["Item"];
                    if put.is_null() { &write["DeleteRequest"]["Key"] } else { put }
                })
                .collect()
        }
        "TransactWriteItems" => {
            let actions = request["TransactItems"].as_array().into_iter().flatten();
            let keys = actions.map(|action| {
                let put = &action["Put"]["Item"];
                let places = [put, &action["Update"]["Key"], &action["Delete"]["Key"]];
                places.into_iter().find(|place| !place.is_null())
            });
            keys.flatten().collect()
        }
        _ => Vec::new(),
    }
}

fn put(database: &Database, table: &str, item: &Value) {
    direct(&json!({"TableName": table, "Item": item}), |request| database.put_item(request));
}
