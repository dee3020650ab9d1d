//! Simulated SQS. The SDK reaches the queues over the wire (sends only), and the simulation's poller directly.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::answer::Answer;
use super::clock::VirtualClock;
use super::queue::{Liberties, Message, NewMessage, Queue, QueueSettings};
use super::{ACCOUNT, REGION};

/// Longest delay that SQS accepts for one message.
const DELAY_LIMIT_SECONDS: u64 = 900;
/// Highest number of messages in a batch.
const BATCH_LIMIT: usize = 10;
/// Largest size of a message, and of a batch.
const SIZE_LIMIT_BYTES: usize = 1024 * 1024;

/// Simulated SQS. Clones share one state.
#[derive(Clone, Debug)]
pub struct Sqs {
    clock: VirtualClock,
    state: Arc<Mutex<State>>,
    arrived: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    queues: BTreeMap<String, Queue>,
    seeds: fastrand::Rng,
}

impl Sqs {
    /// Creates an SQS without queues.
    pub fn new(seed: u64, clock: VirtualClock) -> Self {
        let state = State { queues: BTreeMap::new(), seeds: fastrand::Rng::with_seed(seed) };
        Self { clock, state: Arc::new(Mutex::new(state)), arrived: Arc::default() }
    }

    /// Waits until a message is sent to any queue.
    pub async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// Creates a queue and, if needed, its dead-letter queue. Returns its URL.
    pub fn create(&self, name: &str, settings: QueueSettings) -> String {
        let mut state = self.state();
        if let Some((letters, _)) = &settings.dead_letter
            && !state.queues.contains_key(letters)
        {
            let chance = state.seeds.fork();
            let plain = QueueSettings { dead_letter: None, ..settings.clone() };
            state.queues.insert(letters.clone(), Queue::new(plain, chance));
        }
        let chance = state.seeds.fork();
        match state.queues.entry(name.to_owned()) {
            Entry::Vacant(place) => place.insert(Queue::new(settings, chance)),
            Entry::Occupied(_) => panic!("there is a queue named {name} already"),
        };
        url(name)
    }

    /// Sets the anomalies of a queue from now on.
    pub fn set_liberties(&self, name: &str, liberties: Liberties) {
        self.with(name, |queue, _| queue.liberties = liberties);
    }

    /// Makes a queue refuse every send for this period.
    pub fn refuse_for(&self, name: &str, period: Duration) {
        self.with(name, |queue, now_ms| queue.refuses_until_ms = now_ms + i64::try_from(period.as_millis()).unwrap());
    }

    /// Puts a message into a queue directly, past the wire.
    pub fn send(&self, name: &str, message: NewMessage) -> String {
        self.with(name, |queue, now_ms| queue.send(message, now_ms))
    }

    /// Delivers up to `at_most` visible messages. Messages that were delivered too often go to the dead-letter queue.
    pub fn receive(&self, name: &str, at_most: usize) -> Vec<Message> {
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        let queue = state.queue(name);
        let (received, dead) = queue.receive(at_most, now_ms);
        if let Some((letters, _)) = queue.settings.dead_letter.clone() {
            for message in dead {
                state.queue(&letters).bury(message, now_ms);
            }
        }
        received
    }

    /// Deletes a delivered message.
    pub fn acknowledge(&self, name: &str, receipt: &str) {
        self.with(name, |queue, now_ms| queue.acknowledge(receipt, now_ms));
    }

    /// Changes how long a delivered message stays hidden, counted from now.
    pub fn hide_for(&self, name: &str, receipt: &str, hidden: Duration) {
        self.with(name, |queue, now_ms| queue.hide_for(receipt, hidden, now_ms));
    }

    /// Makes deleted messages visible again, because SQS may deliver a message although it was deleted. Returns their
    /// number.
    pub fn redeliver(&self, name: &str, chosen: impl Fn(&Message) -> bool) -> usize {
        self.with(name, |queue, now_ms| queue.redeliver(chosen, now_ms))
    }

    /// Returns the next time at which a message is visible, in milliseconds since 1970. The time may be past. Returns
    /// `None` if the queue is empty.
    pub fn next_visible_at_ms(&self, name: &str) -> Option<i64> {
        self.with(name, |queue, _| queue.next_visible_ms())
    }

    /// Returns `true` if a queue has no message left, neither visible, nor delayed, nor delivered and not acknowledged.
    pub fn is_empty(&self, name: &str) -> bool {
        self.with(name, |queue, _| queue.next_visible_ms().is_none())
    }

    /// Returns all messages of a queue, visible or not.
    pub fn messages(&self, name: &str) -> Vec<Message> {
        self.with(name, |queue, _| queue.messages())
    }

    /// Returns the dead letters of a queue. The list is empty if it has no dead-letter queue.
    pub fn dead_letters(&self, name: &str) -> Vec<Message> {
        let letters = self.with(name, |queue, _| queue.settings.dead_letter.clone());
        letters.map(|(letters, _)| self.messages(&letters)).unwrap_or_default()
    }

    /// Removes all messages of a queue, as an in-memory emulator does when it is killed.
    pub fn lose_everything(&self, name: &str) {
        self.with(name, |queue, _| queue.clear());
    }

    /// Returns the names of all queues, dead-letter queues included.
    pub fn names(&self) -> Vec<String> {
        self.state().queues.keys().cloned().collect()
    }

    /// Executes an operation that came over the wire.
    pub(super) fn call(&self, operation: &str, request: &Value) -> Answer {
        match operation {
            "SendMessage" => self.over_the_wire(request, |queue, now_ms| send(queue, request, now_ms)),
            "SendMessageBatch" => {
                self.over_the_wire(request, |queue, now_ms| send_batch(queue, request, now_ms, |_| false))
            }
            other => panic!("the simulated SQS does not know the operation {other}"),
        }
    }

    /// Sends a random part of a batch, possibly none of it, and reports the rest as failed.
    pub(super) fn call_in_part(&self, request: &Value) -> Answer {
        let entries = request["Entries"].as_array().map_or(0, Vec::len);
        let mut chance = self.state().seeds.fork();
        let certain = chance.usize(0..entries.max(1));
        let fails: Vec<bool> = (0..entries).map(|entry| entry == certain || chance.bool()).collect();
        self.over_the_wire(request, |queue, now_ms| send_batch(queue, request, now_ms, |entry| fails[entry]))
    }

    fn over_the_wire(&self, request: &Value, operation: impl FnOnce(&mut Queue, i64) -> Answer) -> Answer {
        let name = request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let now_ms = self.clock.now_ms();
        let mut state = self.state();
        let Some(queue) = state.queues.get_mut(name) else {
            return Answer::sqs_error(
                400,
                "QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist.",
            );
        };
        if now_ms < queue.refuses_until_ms {
            return Answer::sqs_error(503, "ServiceUnavailable", "ServiceUnavailable", "Service is unavailable");
        }
        let answer = operation(queue, now_ms);
        self.arrived.notify_one();
        answer
    }

    fn with<T>(&self, name: &str, work: impl FnOnce(&mut Queue, i64) -> T) -> T {
        let now_ms = self.clock.now_ms();
        work(self.state().queue(name), now_ms)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn queue(&mut self, name: &str) -> &mut Queue {
        self.queues.get_mut(name).unwrap_or_else(|| panic!("there is no queue named {name}"))
    }
}

/// Returns the URL of a queue, as the deployment gives it to the functions.
pub fn url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

/// Returns the digest by which clients of SQS and Lambda can check a body.
pub(super) fn md5_hex(body: &str) -> String {
    Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn send(queue: &mut Queue, request: &Value, now_ms: i64) -> Answer {
    match understand(request) {
        Err(refusal) => refusal,
        Ok(message) => {
            let digest = md5_hex(&message.body);
            Answer::ok(json!({"MessageId": queue.send(message, now_ms), "MD5OfMessageBody": digest}))
        }
    }
}

fn send_batch(queue: &mut Queue, request: &Value, now_ms: i64, fails: impl Fn(usize) -> bool) -> Answer {
    let entries = request["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(refusal) = refuse_batch(entries) {
        return refusal;
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (place, entry) in entries.iter().enumerate() {
        let id = &entry["Id"];
        match understand(entry) {
            _ if fails(place) => {
                failed.push(json!({"Id": id, "SenderFault": false, "Code": "InternalError", "Message": "try again"}));
            }
            Err(refusal) => {
                let code = refusal.query_error.unwrap_or_default();
                let code = code.split(';').next().unwrap_or_default();
                let message = &refusal.body["message"];
                failed.push(json!({"Id": id, "SenderFault": true, "Code": code, "Message": message}));
            }
            Ok(message) => {
                let digest = md5_hex(&message.body);
                let message_id = queue.send(message, now_ms);
                successful.push(json!({"Id": id, "MessageId": message_id, "MD5OfMessageBody": digest}));
            }
        }
    }
    Answer::ok(json!({"Successful": successful, "Failed": failed}))
}

/// Returns the refusal of a batch as a whole, if SQS refuses it.
fn refuse_batch(entries: &[Value]) -> Option<Answer> {
    let refuse = |kind: &str, message: &str| {
        let code = format!("AWS.SimpleQueueService.{kind}");
        Some(Answer::sqs_error(400, kind, &code, message))
    };
    let bytes: usize = entries.iter().map(|entry| entry["MessageBody"].as_str().map_or(0, str::len)).sum();
    let mut ids: Vec<&str> = entries.iter().filter_map(|entry| entry["Id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    if entries.is_empty() {
        refuse("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.")
    } else if entries.len() > BATCH_LIMIT {
        refuse("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
    } else if ids.len() < entries.len() {
        refuse("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    } else if bytes > SIZE_LIMIT_BYTES {
        refuse("BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes.")
    } else {
        None
    }
}

/// Parses one message of a send. Returns SQS's refusal if the message is invalid.
fn understand(request: &Value) -> Result<NewMessage, Answer> {
    let invalid = |message: &str| Answer::sqs_error(400, "InvalidParameterValue", "InvalidParameterValue", message);
    let body = request["MessageBody"].as_str().unwrap_or_default();
    if body.is_empty() {
        return Err(Answer::sqs_error(400, "MissingParameter", "MissingParameter", "MessageBody is missing"));
    }
    if body.len() > SIZE_LIMIT_BYTES {
        return Err(invalid("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."));
    }
    let allowed = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if !body.chars().all(allowed) {
        return Err(Answer::sqs_error(
            400,
            "InvalidMessageContents",
            "InvalidMessageContents",
            "Invalid characters found",
        ));
    }
    let delay_seconds = match &request["DelaySeconds"] {
        Value::Null => 0,
        delay => delay.as_u64().filter(|&seconds| seconds <= DELAY_LIMIT_SECONDS).ok_or_else(|| {
            invalid("Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.")
        })?,
    };
    Ok(NewMessage {
        body: body.to_owned(),
        delay: Duration::from_secs(delay_seconds),
        group: request["MessageGroupId"].as_str().map(str::to_owned),
        attributes: request["MessageAttributes"].clone(),
    })
}
