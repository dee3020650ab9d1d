//! Polling of queues into batches, as Lambda's event source mapping does it. Messages that a function handled are
//! deleted. Failed messages come back after the visibility timeout. The queue's redrive policy moves those that came
//! back too often.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::aws::reason;
use crate::events::{Settled, settle, sqs_event};
use crate::lambda::Runner;
use crate::sqs::QueueAddress;
use crate::stop::Stop;
use crate::template::QueueSource;

/// Time for which a receive waits for a message, in seconds. It is the longest that SQS allows.
const WAIT_S: i32 = 20;
/// Largest number of messages in one SQS request.
const REQUEST_MAX: usize = 10;
/// Pause after a failed receive, so that an unreachable endpoint is not polled in a tight loop.
const RECEIVE_PAUSE: Duration = Duration::from_secs(1);

/// Queue, and the function that handles its messages.
#[derive(Clone)]
pub(crate) struct Poller {
    pub(crate) client: Client,
    pub(crate) region: String,
    pub(crate) address: QueueAddress,
    pub(crate) source: QueueSource,
    pub(crate) function: String,
    pub(crate) runner: Runner,
}

impl Poller {
    /// Polls until the stop is requested, then waits for the running batches.
    pub(crate) async fn run(self, mut stop: Stop) {
        let concurrency = usize::try_from(self.source.maximum_concurrency).unwrap_or(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(concurrency));
        let mut batches = JoinSet::new();
        loop {
            // A message is received only when a batch may run. Otherwise it would be invisible to other consumers for
            // nothing.
            let next = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.gather().await)
            };
            let (slot, messages) = tokio::select! {
                () = stop.asked() => break,
                next = next => next,
            };
            if !messages.is_empty() {
                let poller = self.clone();
                batches.spawn(async move {
                    poller.process(messages).await;
                    drop(slot);
                });
            }
            while batches.try_join_next().is_some() {}
        }
        while batches.join_next().await.is_some() {}
    }

    /// Receives a batch: the result of one receive, or more within the batching window.
    async fn gather(&self) -> Vec<Message> {
        let batch_size = usize::try_from(self.source.batch_size).unwrap_or(REQUEST_MAX);
        let mut messages = self.receive(batch_size, WAIT_S).await;
        if messages.is_empty() || self.source.batching_window.is_zero() {
            return messages;
        }
        let window = tokio::time::sleep(self.source.batching_window);
        futures::pin_mut!(window);
        while messages.len() < batch_size {
            // A receive is never cancelled, because that would hide the messages that it was about to return.
            let more = self.receive(batch_size - messages.len(), 1);
            let (more, over) = futures::join!(more, async { futures::poll!(window.as_mut()).is_ready() });
            messages.extend(more);
            if over {
                break;
            }
        }
        messages
    }

    async fn receive(&self, most: usize, wait_s: i32) -> Vec<Message> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.address.url)
            .max_number_of_messages(i32::try_from(most.min(REQUEST_MAX)).unwrap_or(1))
            .wait_time_seconds(wait_s)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        match request.send().await {
            Ok(answer) => answer.messages.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(queue = self.source.queue, error = reason(&error), "cannot receive from the queue");
                tokio::time::sleep(RECEIVE_PAUSE).await;
                Vec::new()
            }
        }
    }

    async fn process(&self, messages: Vec<Message>) {
        let event = sqs_event(&messages, &self.address.arn, &self.region);
        let failed = match self.runner.run(&self.function, event).await {
            Ok(answer) if self.source.reports_item_failures => {
                let sent = messages.iter().filter_map(|message| message.message_id.clone()).collect();
                match settle(&answer, &sent) {
                    Settled::Failed(failed) => failed,
                    Settled::Malformed(reason) => {
                        tracing::error!(function = self.function, reason, "the batch failed: its answer is malformed");
                        return;
                    }
                }
            }
            Ok(_) => BTreeSet::new(),
            Err(error) => {
                tracing::error!(function = self.function, error, "the batch failed");
                return;
            }
        };
        if !failed.is_empty() {
            tracing::warn!(function = self.function, count = failed.len(), "items of a batch failed");
        }
        let done = messages.into_iter().filter(|message| match &message.message_id {
            Some(id) => !failed.contains(id),
            None => true,
        });
        self.delete(done.collect()).await;
    }

    async fn delete(&self, messages: Vec<Message>) {
        for part in messages.chunks(REQUEST_MAX) {
            let entries = part.iter().enumerate().filter_map(|(at, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(at.to_string());
                entry.receipt_handle(message.receipt_handle.clone()?).build().ok()
            });
            let request = self.client.delete_message_batch().queue_url(&self.address.url);
            match request.set_entries(Some(entries.collect())).send().await {
                Ok(answer) if answer.failed().is_empty() => {}
                Ok(answer) => {
                    let count = answer.failed().len();
                    tracing::warn!(queue = self.source.queue, count, "messages could not be deleted");
                }
                Err(error) => {
                    tracing::warn!(queue = self.source.queue, error = reason(&error), "messages could not be deleted");
                }
            }
        }
    }
}
