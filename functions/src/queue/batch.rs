//! Consumption of a batch. Its records are handled concurrently and independently of each other.

use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;

use domain::time::Span;
use futures::FutureExt;
use futures::future::join_all;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{MESSAGE_VERSION, Message, OLDEST_MESSAGE_VERSION, QueueName, Queues, StoreError};

use crate::error::Error;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Delay of a message whose handler failed, for example because the table did not answer.
const RETRY_DELAY: Span = Span::seconds(5);

/// Result of handling a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Message that is finished.
    Done,
    /// Message that has to be sent again with this delay.
    Again(Span),
}

/// Runs `handle` for every message of a batch, and reports the broken messages to SQS. A message that is malformed, or whose
/// handler panics, does not affect the other messages of the batch.
///
/// A safe retry is a new, delayed message, because a message that is returned to its queue stays invisible for three minutes.
pub(super) async fn consume<J, F>(
    queues: &Queues,
    queue: QueueName,
    event: Value,
    handle: impl Fn(J) -> F,
) -> Result<Value, Error>
where
    J: DeserializeOwned,
    F: Future<Output = Result<Next, StoreError>>,
{
    let event: Event = serde_json::from_value(event).map_err(Error::Event)?;
    let outcomes = event.records.iter().map(|record| async {
        let handled = match parse(&record.body) {
            Ok(job) => AssertUnwindSafe(handle(job)).catch_unwind().await,
            Err(error) => return Err(error),
        };
        let wait = match handled {
            Ok(Ok(Next::Done)) => return Ok(()),
            Ok(Ok(Next::Again(wait))) => wait,
            // Data that cannot be parsed now cannot be parsed later either.
            Ok(Err(error @ StoreError::Corrupt { .. })) => return Err(error.into()),
            Ok(Err(error)) => {
                tracing::warn!(message_id = %record.message_id, error = &error as &dyn StdError, "message put off");
                RETRY_DELAY
            }
            Err(_) => return Err("the handler panicked".into()),
        };
        queues.send(queue, &[Message::again(&record.body, wait)]).await.map_err(Broken::from)
    });
    let outcomes = join_all(outcomes).await;
    let mut failures = Vec::new();
    for (record, outcome) in event.records.iter().zip(outcomes) {
        if let Err(error) = outcome {
            let error = error.as_ref() as &dyn StdError;
            tracing::error!(message_id = %record.message_id, error, "message returned to its queue");
            failures.push(json!({ "itemIdentifier": record.message_id }));
        }
    }
    Ok(json!({ "batchItemFailures": failures }))
}

/// Reason why a message is returned to its queue. A message that is returned too often becomes a dead letter.
type Broken = Box<dyn StdError + Send + Sync>;

/// Parses a message of the current version or of the one before, because both are in flight during a deployment. The version is
/// checked first, so that the error names it. A message of another version is returned to its queue until code that reads it is
/// deployed.
fn parse<J: DeserializeOwned>(body: &str) -> Result<J, Broken> {
    let Versioned { v } = serde_json::from_str(body)?;
    if !(OLDEST_MESSAGE_VERSION..=MESSAGE_VERSION).contains(&v) {
        return Err(format!("the message is of version {v}, which this code does not read").into());
    }
    Ok(serde_json::from_str(body)?)
}
