//! Fake of DynamoDB and SQS, as far as accepting a call uses them. It speaks their wire protocols, answers at once, and
//! counts the requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};
use local::seed::{Seeded, seed};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use store::Table;
use store::aws::Access;
use store::clock::Clock;
use store::entropy::Entropy;

use crate::Failure;
use crate::wire::{self, Server};

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const TABLE: &str = "ringdown";
pub(crate) const QUEUE_URL: &str = "https://sqs.us-east-1.amazonaws.com/123456789012";

/// Fake of both services on one server.
pub(crate) struct Aws {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    items: BTreeMap<[String; 2], Value>,
    requests: BTreeMap<String, u32>,
}

impl Aws {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let state: Arc<Mutex<State>> = Arc::default();
        let handler = Arc::clone(&state);
        let server = Server::start(move |request| handle(Arc::clone(&handler), request)).await?;
        Ok(Self { server, state })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Writes the initial data of the local stack: an organization, its agents and a key.
    pub(crate) async fn seed(&self) -> Result<Seeded, Failure> {
        let endpoint = Some(format!("http://{}", self.address()));
        let credentials = aws_credential_types::Credentials::new("bench", "bench", None, None, "bench");
        let access = Access {
            region: REGION.to_owned(),
            credentials,
            dynamodb: endpoint.clone(),
            sqs: endpoint,
            attempt_timeout: None,
        };
        let table = Table::new(access.clients().0, TABLE, Clock::system(), Entropy::system());
        // The bench never gets as far as a tool call, so this URL is never used.
        Ok(seed(&table, "http://127.0.0.1").await?)
    }

    /// Resets the counts.
    pub(crate) fn forget_requests(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).requests.clear();
    }

    /// Returns the number of requests per invocation and the names of their operations.
    pub(crate) fn requests_per(&self, invocations: u32) -> (f64, String) {
        let requests = self.state.lock().unwrap_or_else(PoisonError::into_inner).requests.clone();
        let total: u32 = requests.values().sum();
        let operations: Vec<String> = requests.into_keys().collect();
        (f64::from(total) / f64::from(invocations), operations.join(", "))
    }
}

async fn handle(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<wire::Answer, Failure> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.')).map(|(_, operation)| operation.to_owned());
    let operation = operation.ok_or("a request to AWS names no operation")?;
    let body = wire::body(request).await?;
    let (status, answer) = state.lock().unwrap_or_else(PoisonError::into_inner).answer(&operation, &body)?;
    let mut answer = wire::answer(status, answer.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    Ok(answer)
}

impl State {
    fn answer(&mut self, operation: &str, body: &Bytes) -> Result<(StatusCode, Value), Failure> {
        let request: Value = serde_json::from_slice(body)?;
        *self.requests.entry(operation.to_owned()).or_default() += 1;
        match operation {
            "BatchGetItem" => self.batch_get_item(&request).map(|answer| (StatusCode::OK, answer)),
            "PutItem" => self.put_item(request),
            "TransactWriteItems" => self.transact(request),
            "UpdateItem" => self.note_key_used(&request),
            "SendMessage" => send_message(&request).map(|answer| (StatusCode::OK, answer)),
            other => Err(format!("accepting a call does not ask for {other}").into()),
        }
    }

    fn batch_get_item(&self, request: &Value) -> Result<Value, Failure> {
        let wanted = request["RequestItems"][TABLE]["Keys"].as_array().ok_or("a read names no keys")?;
        let keys: Vec<[String; 2]> = wanted.iter().map(key).collect::<Result<_, _>>()?;
        let found: Vec<&Value> = keys.iter().filter_map(|key| self.items.get(key)).collect();
        Ok(json!({"Responses": {TABLE: found}, "UnprocessedKeys": {}}))
    }

    /// Writes an item. The only condition that is supported is that the item is new.
    fn put_item(&mut self, mut request: Value) -> Result<(StatusCode, Value), Failure> {
        let item = request["Item"].take();
        let key = key(&item)?;
        let old = self.items.get(&key).filter(|_| request["ConditionExpression"].is_string());
        if let Some(old) = old {
            let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
            let refusal = json!({"__type": kind, "message": "The conditional request failed", "Item": old});
            return Ok((StatusCode::BAD_REQUEST, refusal));
        }
        self.items.insert(key, item);
        Ok((StatusCode::OK, json!({})))
    }
}

impl State {
    /// Writes the items of a transaction. The seed only puts new items.
    fn transact(&mut self, mut request: Value) -> Result<(StatusCode, Value), Failure> {
        let parts = request["TransactItems"].as_array_mut().ok_or("a transaction has no parts")?;
        for part in parts {
            let item = part["Put"]["Item"].take();
            self.items.insert(key(&item)?, item);
        }
        Ok((StatusCode::OK, json!({})))
    }

    /// Notes the last use of a key. It is the only update that accepting a call makes, once an hour.
    fn note_key_used(&mut self, request: &Value) -> Result<(StatusCode, Value), Failure> {
        let item = self.items.get_mut(&key(&request["Key"])?).ok_or("an update of nothing")?;
        let name = request["ExpressionAttributeNames"]["#used"].as_str().ok_or("an update of something else")?;
        item[name] = request["ExpressionAttributeValues"][":now"].clone();
        Ok((StatusCode::OK, json!({})))
    }
}

fn key(item: &Value) -> Result<[String; 2], Failure> {
    let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
    Ok([text("pk").ok_or("an item has no pk")?, text("sk").ok_or("an item has no sk")?])
}

fn send_message(request: &Value) -> Result<Value, Failure> {
    let body = request["MessageBody"].as_str().ok_or("a message has no body")?;
    let digest: String = Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({"MessageId": "5fea7756-0ea4-451a-a703-a558b933e274", "MD5OfMessageBody": digest}))
}
