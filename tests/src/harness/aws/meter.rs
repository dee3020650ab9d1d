//! Meter of the capacity that DynamoDB would bill: the units of each request, by the sizes of the items that it read
//! and wrote.
//!
//! dynoxide computes them by rules that were observed on the real service. A write counts by its larger image, and
//! twice in a transaction. Each index counts by what changes of it. A read counts by item, and by key if the item does
//! not exist.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::answer::Answer;
use super::dynamo::Dynamo;

/// Capacity that one request consumed.
#[derive(Clone, Debug)]
pub struct Metered {
    /// Name of the operation.
    pub operation: String,
    /// Kind of the first item that the request names.
    pub about: String,
    /// Write units of a writing operation or read units of a reading one, including those of the indexes.
    pub units: f64,
    /// Units of the `due` index alone.
    pub due: f64,
    /// Number of items that were read from an organization's own partition.
    pub of_organization: usize,
}

/// Meter of the requests since it was started. Clones share one meter.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Option<Vec<Metered>>>>);

impl Meter {
    /// Starts the meter from zero.
    pub fn begin(&self) {
        *self.0.lock().unwrap() = Some(Vec::new());
    }

    /// Returns everything consumed since the start.
    pub fn read(&self) -> Vec<Metered> {
        self.0.lock().unwrap().clone().unwrap_or_default()
    }

    /// Runs a request and notes the capacity that it consumed.
    pub(super) fn call(&self, dynamo: &Dynamo, operation: &str, request: &Value, about: &str) -> Answer {
        if self.0.lock().unwrap().is_none() {
            return dynamo.call(operation, request);
        }
        let mut metered = request.clone();
        metered["ReturnConsumedCapacity"] = json!("INDEXES");
        let mut answer = dynamo.call(operation, &metered);
        let consumed = answer.body["ConsumedCapacity"].take();
        // An object for one table, or an array with one entry for each table of a batch.
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

/// Returns the number of keys of a batch that are in an organization's partition.
fn read_of_organization(request: &Value) -> usize {
    let tables = request["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
    let keys = tables.filter_map(|table| table["Keys"].as_array()).flatten();
    keys.filter(|key| key["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("org#"))).count()
}
