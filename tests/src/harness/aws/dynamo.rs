//! Simulated DynamoDB: dynoxide called in process, with additions for what it lacks. These are tokens in virtual time,
//! batch answers in random order, and unprocessed batch items.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::clock::VirtualClock;
use super::replica::{Replica, may_be_stale, written};

/// Time for which DynamoDB remembers the `ClientRequestToken` of a transaction.
const TOKEN_LIFE: Duration = Duration::from_secs(600);

/// Longest token that DynamoDB accepts, in bytes.
const TOKEN_LIMIT: usize = 36;

/// Properties of a template's table that `CreateTable` accepts. The others are set by calls of their own.
const CREATE_TABLE_MEMBERS: [&str; 4] = ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"];

/// Successful transaction. A repeat under its token gets the same answer and is not executed again.
#[derive(Debug)]
struct IdempotencyRecord {
    at: Duration,
    request: Value,
    answer: Answer,
}

/// Callback that receives the key of every written item and its current state. The state is `None` if the item was
/// deleted.
pub type Watcher = Arc<dyn Fn(&Value, Option<&Value>) + Send + Sync>;

/// Simulated DynamoDB. Clones share one database.
#[derive(Clone)]
pub struct Dynamo {
    database: Database,
    clock: VirtualClock,
    tokens: Arc<Mutex<BTreeMap<String, IdempotencyRecord>>>,
    shuffle: Arc<Mutex<fastrand::Rng>>,
    /// Request that made the table, for copies of it.
    definition: Arc<Mutex<Value>>,
    replica: Arc<Mutex<Option<Replica>>>,
    watcher: Arc<Mutex<Option<Watcher>>>,
}

impl std::fmt::Debug for Dynamo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dynamo").finish_non_exhaustive()
    }
}

impl Dynamo {
    /// Creates an empty database.
    pub fn new(seed: u64, clock: VirtualClock) -> Self {
        Self {
            database: Database::memory_with_clock(Arc::new(clock)).unwrap(),
            clock,
            tokens: Arc::default(),
            shuffle: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
            definition: Arc::default(),
            replica: Arc::default(),
            watcher: Arc::default(),
        }
    }

    /// Creates a table from its properties in `template.yaml`.
    pub fn create_table(&self, name: &str, properties: &Value) {
        let mut request = Map::from_iter([("TableName".to_owned(), json!(name))]);
        for member in CREATE_TABLE_MEMBERS {
            if let Some(value) = properties.get(member) {
                request.insert(member.to_owned(), value.clone());
            }
        }
        let request = Value::Object(request);
        let answer = self.call("CreateTable", &request);
        *self.definition.lock().unwrap() = request;
        assert_eq!(answer.status, 200, "the table was refused: {}", answer.body);
        if let Some(life) = properties.get("TimeToLiveSpecification") {
            let request = json!({"TableName": name, "TimeToLiveSpecification": life});
            self.database.update_time_to_live(serde_json::from_value(request).unwrap()).unwrap();
        }
    }

    /// Makes indexes and reads that are not consistent lag behind each write by up to this time.
    pub fn lag_behind(&self, at_most: Duration) {
        let chance = self.shuffle.lock().unwrap().fork();
        let replica = Replica::new(&self.database, &self.definition.lock().unwrap(), at_most, chance);
        *self.replica.lock().unwrap() = Some(replica);
    }

    /// Deletes expired items, as DynamoDB does within some days. Returns their number.
    pub fn expire_items(&self) -> usize {
        let expired = self.database.sweep_ttl().unwrap();
        if let Some(replica) = &mut *self.replica.lock().unwrap() {
            // The copy has no time of its own, so it is made anew.
            *replica = replica.again(&self.database, &self.definition.lock().unwrap());
        }
        expired
    }

    /// Calls this watcher for every write from now on. The watcher must not call the database itself.
    pub fn watch(&self, watcher: Watcher) {
        *self.watcher.lock().unwrap() = Some(watcher);
    }

    /// Returns all items of a table.
    pub fn dump(&self, table: &str) -> Vec<Value> {
        let (mut items, mut from) = (Vec::new(), Value::Null);
        loop {
            let mut scan = json!({"TableName": table, "ConsistentRead": true});
            if !from.is_null() {
                scan["ExclusiveStartKey"] = from;
            }
            let mut page = self.call_on(&self.database, "Scan", &scan).body;
            items.append(page["Items"].as_array_mut().unwrap());
            from = page["LastEvaluatedKey"].take();
            if from.is_null() {
                return items;
            }
        }
    }

    /// Executes an operation.
    pub fn call(&self, operation: &str, request: &Value) -> Answer {
        let answer = self.answer(operation, request);
        let watcher = self.watcher.lock().unwrap().clone();
        if let Some(watcher) = watcher.filter(|_| answer.status == 200) {
            for written in written(operation, request) {
                let key = json!({"pk": written["pk"], "sk": written["sk"]});
                let table = &self.definition.lock().unwrap()["TableName"].clone();
                let read = json!({"TableName": table, "Key": key, "ConsistentRead": true});
                let item = direct(&read, |request| self.database.get_item(request)).body.get("Item").cloned();
                watcher(&key, item.as_ref());
            }
        }
        answer
    }

    fn answer(&self, operation: &str, request: &Value) -> Answer {
        let mut replica = self.replica.lock().unwrap();
        let now = self.clock.elapsed();
        match &mut *replica {
            Some(replica) if may_be_stale(operation, request) => {
                replica.catch_up(now);
                self.call_on(&replica.database, operation, request)
            }
            Some(replica) => {
                let answer = self.call_on(&self.database, operation, request);
                if answer.status == 200 {
                    replica.note(&self.database, operation, request, now);
                }
                answer
            }
            None => self.call_on(&self.database, operation, request),
        }
    }

    fn call_on(&self, database: &Database, operation: &str, request: &Value) -> Answer {
        match operation {
            "CreateTable" => direct(request, |request| database.create_table(request)),
            "PutItem" => direct(request, |request| database.put_item(request)),
            "GetItem" => direct(request, |request| database.get_item(request)),
            "UpdateItem" => direct(request, |request| database.update_item(request)),
            "DeleteItem" => direct(request, |request| database.delete_item(request)),
            "Query" => direct(request, |request| database.query(request)),
            "Scan" => direct(request, |request| database.scan(request)),
            "BatchGetItem" => self.in_no_particular_order(direct(request, |request| database.batch_get_item(request))),
            "BatchWriteItem" => direct(request, |request| database.batch_write_item(request)),
            "TransactGetItems" => direct(request, |request| database.transact_get_items(request)),
            "TransactWriteItems" => self.transact_write(request),
            other => panic!("the simulated DynamoDB does not know the operation {other}"),
        }
    }

    /// Executes a random part of a batch, possibly none of it, and returns the rest as unprocessed.
    pub fn call_in_part(&self, operation: &str, request: &Value) -> Answer {
        let undone_name = if operation == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
        let (done, undone) = self.split(&request["RequestItems"]);
        let mut answer = if done.is_empty() {
            Answer::ok(json!({"Responses": {}}))
        } else {
            let mut request = request.clone();
            request["RequestItems"] = Value::Object(done);
            self.call(operation, &request)
        };
        if answer.status == 200 {
            answer.body[undone_name] = Value::Object(undone);
        }
        answer
    }

    /// Executes a transaction, with tokens in virtual time. dynoxide remembers tokens in real time, so that two runs of
    /// one seed could differ.
    fn transact_write(&self, request: &Value) -> Answer {
        let mut request = request.clone();
        let token = request.as_object_mut().and_then(|members| members.remove("ClientRequestToken"));
        let now = self.clock.elapsed();
        let mut tokens = self.tokens.lock().unwrap();
        tokens.retain(|_, remembered| now - remembered.at < TOKEN_LIFE);
        let token = token.as_ref().and_then(Value::as_str);
        if token.is_some_and(|token| token.len() > TOKEN_LIMIT) {
            return Answer::dynamo_error("ValidationException", "Member must have length less than or equal to 36");
        }
        if let Some(remembered) = token.and_then(|token| tokens.get(token)) {
            if remembered.request != request {
                return Answer::dynamo_error(
                    "IdempotentParameterMismatchException",
                    "The provided token was used with other parameters",
                );
            }
            return remembered.answer.clone();
        }
        let answer = direct(&request, |request| self.database.transact_write_items(request));
        // Only a success is remembered. A cancelled transaction may be tried again under its token.
        if let (Some(token), 200) = (token, answer.status) {
            tokens.insert(token.to_owned(), IdempotencyRecord { at: now, request, answer: answer.clone() });
        }
        answer
    }

    /// Shuffles the items of a batch answer. dynoxide keeps the order of the request, but DynamoDB promises none.
    fn in_no_particular_order(&self, mut answer: Answer) -> Answer {
        if let Some(tables) = answer.body.get_mut("Responses").and_then(Value::as_object_mut) {
            for items in tables.values_mut().filter_map(Value::as_array_mut) {
                self.shuffle.lock().unwrap().shuffle(items);
            }
        }
        answer
    }

    /// Splits the items of a batch at random. At least one of them is left unprocessed.
    fn split(&self, items: &Value) -> (Map<String, Value>, Map<String, Value>) {
        let mut chance = self.shuffle.lock().unwrap();
        let (mut done, mut undone) = (Map::new(), Map::new());
        for (table, wanted) in items.as_object().unwrap() {
            let list = wanted.get("Keys").unwrap_or(wanted).as_array().unwrap();
            let certain = chance.usize(0..list.len());
            let all = chance.bool();
            let (mut dropped, mut kept) = (Vec::new(), Vec::new());
            for (place, item) in list.iter().enumerate() {
                let left = place == certain || all || chance.bool();
                if left { &mut dropped } else { &mut kept }.push(item.clone());
            }
            for (part, list) in [(&mut done, kept), (&mut undone, dropped)] {
                if !list.is_empty() {
                    part.insert(table.clone(), with_list(wanted, list));
                }
            }
        }
        (done, undone)
    }
}

/// Returns the same request of one table for other items. A read keeps its projection and consistency.
fn with_list(wanted: &Value, list: Vec<Value>) -> Value {
    if wanted.get("Keys").is_none() {
        return Value::Array(list);
    }
    let mut wanted = wanted.clone();
    wanted["Keys"] = Value::Array(list);
    wanted
}

/// Calls the database with the JSON of the wire.
pub(super) fn direct<Q: DeserializeOwned, A: Serialize>(
    request: &Value,
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Answer {
    // Through text, as over the wire: some of dynoxide's types tell text and values apart.
    let request = match serde_json::from_str(&request.to_string()) {
        Ok(request) => request,
        // In process, dynoxide reports a value out of bounds (a number of 39 digits) as a request that does not parse.
        Err(error) => return Answer::dynamo_error("ValidationException", &error.to_string()),
    };
    match operation(request) {
        Ok(answer) => Answer::ok(serde_json::to_value(answer).unwrap()),
        Err(error) => Answer {
            status: error.status_code(),
            body: serde_json::from_str(&error.to_json()).unwrap(),
            query_error: None,
        },
    }
}
