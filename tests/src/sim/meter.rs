//! What DynamoDB would bill: the units that each request consumed, by the sizes of what it read and wrote. dynoxide reckons
//! them by rules that were read off the real service: a write by its larger image, twice in a transaction, and each index by
//! what changes of it; a read by item, and by key where there is none.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::answer::Answer;
use super::dynamo::Dynamo;

/// What one request consumed.
#[derive(Clone, Debug)]
pub struct Metered {
    /// The operation.
    pub operation: String,
    /// The kind of the first item it names.
    pub about: String,
    /// Write units of an operation that writes, read units of one that reads, those of the indexes among them.
    pub units: f64,
    /// Those of the index of what is due.
    pub due: f64,
    /// How many items of an organization's own partition were read.
    pub of_organization: usize,
}

/// Notes what requests consume, from when it is asked to. Clones are the same meter.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Option<Vec<Metered>>>>);

impl Meter {
    /// Begins, from nothing.
    pub fn begin(&self) {
        *self.0.lock().unwrap() = Some(Vec::new());
    }

    /// Everything that was consumed since.
    pub fn read(&self) -> Vec<Metered> {
        self.0.lock().unwrap().clone().unwrap_or_default()
    }

    /// Has a request done, and notes what it consumed.
    pub(super) fn call(&self, dynamo: &Dynamo, operation: &str, request: &Value, about: &str) -> Answer {
        if self.0.lock().unwrap().is_none() {
            return dynamo.call(operation, request);
        }
        let mut metered = request.clone();
        metered["ReturnConsumedCapacity"] = json!("INDEXES");
        let mut answer = dynamo.call(operation, &metered);
        let consumed = answer.body["ConsumedCapacity"].take();
        // One table, or each table of a batch.
        let tables = consumed.as_array().cloned().unwrap_or_else(|| vec![consumed]);
        let sum = |path: &str| tables.iter().filter_map(|table| table.pointer(path)?.as_f64()).sum();
        let (units, due) = (sum("/CapacityUnits"), sum("/GlobalSecondaryIndexes/due/CapacityUnits"));
        let (operation, about) = (operation.to_owned(), about.to_owned());
        let of_organization = read_of_organization(request);
        let metered = Metered { operation, about, units, due, of_organization };
        self.0.lock().unwrap().get_or_insert_default().push(metered);
        answer
    }
}

/// How many keys of a batch are in an organization's partition.
fn read_of_organization(request: &Value) -> usize {
    let tables = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
    let keys = tables.filter_map(|table| table["Keys"].as_array()).flatten();
    keys.filter(|key| key["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("org#"))).count()
}
