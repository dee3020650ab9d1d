//! Queues and their messages.

use std::fmt;
use std::sync::Arc;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::conversation::Conversation;
use domain::ids::{Channel, ConversationId, EndpointId, Scope};
use domain::obligation::LONGEST_DELAY;
use domain::suppression::suppression_digest;
use domain::time::Span;
use domain::variants::all;
use serde::{Deserialize, Serialize};
use strum::{EnumCount, EnumString, IntoStaticStr, VariantArray};

use crate::error::StoreError;
use crate::item::to_json;

/// Version of the messages that this code writes. A consumer reads its own version and the one before, because messages
/// are in flight during a rollout.
pub const MESSAGE_VERSION: u32 = 1;

/// Oldest message version that this code reads.
pub const OLDEST_MESSAGE_VERSION: u32 = MESSAGE_VERSION - 1;

/// Largest number of messages in one SQS request.
const BATCH: usize = 10;

/// Name of a queue.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum QueueName {
    /// Calls with pending actions.
    Dispatch,
    /// Deliveries of events to webhook endpoints.
    Webhooks,
    /// SMS conversations with pending actions: an agent's turn or a message to send.
    Turns,
    /// Later callbacks of the simulator.
    Simulator,
    /// Items of bulk requests that are to be accepted.
    Bulk,
}

impl QueueName {
    /// All queues.
    pub const ALL: [Self; Self::COUNT] = all(Self::VARIANTS);

    /// Returns the queue's name as it is stored in items.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the queue whose consumer handles conversations on a channel.
    pub const fn of(channel: Channel) -> Self {
        match channel {
            Channel::Voice => Self::Dispatch,
            Channel::Sms => Self::Turns,
        }
    }

    /// Parses a name. Returns `None` if there is no such queue.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// Message that asks a consumer to look at a conversation. It contains no instruction, so a duplicate or a late message
/// does no harm. The consumer derives the action from the conversation itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationJob {
    /// Version of the message.
    pub v: u32,
    /// Id of the conversation.
    pub conversation: ConversationId,
    /// Scope of the conversation.
    pub scope: Scope,
    /// Digest of the customer's number, for reading the do-not-call entry.
    pub suppression: String,
}

impl ConversationJob {
    /// Creates the message for this conversation.
    pub fn of(conversation: &impl Conversation) -> Self {
        let scope = conversation.scope().clone();
        let suppression = suppression_digest(&scope, conversation.customer());
        Self { v: MESSAGE_VERSION, conversation: conversation.id(), scope, suppression }
    }
}

/// Message that asks a consumer to deliver an event to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryJob {
    /// Version of the message.
    pub v: u32,
    /// Id of the conversation.
    pub conversation: ConversationId,
    /// Scope of the conversation.
    pub scope: Scope,
    /// Number of the event's entry in the conversation's log.
    pub log_number: u64,
    /// Id of the destination endpoint.
    pub endpoint: EndpointId,
}

/// URLs of the queues.
#[derive(Clone, Debug)]
pub struct QueueUrls {
    /// URL of [`QueueName::Dispatch`].
    pub dispatch: String,
    /// URL of [`QueueName::Webhooks`].
    pub webhooks: String,
    /// URL of [`QueueName::Turns`].
    pub turns: String,
    /// URL of [`QueueName::Simulator`].
    pub simulator: String,
    /// URL of [`QueueName::Bulk`].
    pub bulk: String,
}

/// All queues, over the real SQS client.
#[derive(Clone)]
pub struct Queues(Arc<Inner>);

struct Inner {
    sqs: aws_sdk_sqs::Client,
    urls: QueueUrls,
    fair: bool,
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queues").field(&self.0.urls).finish()
    }
}

/// Message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Body of the message, as JSON.
    pub body: String,
    /// Time for which the message stays invisible, at most 15 minutes.
    pub delay: Span,
    /// Id of the organization. It is the message group if queues are fair.
    pub group: String,
}

/// Result of sending messages.
#[derive(Debug)]
pub struct Sent {
    /// One flag per message, in their order: `true` if SQS took it.
    pub taken: Vec<bool>,
    /// Error, if SQS did not take all messages.
    pub error: Option<StoreError>,
}

/// Field that all messages have in common.
#[derive(Deserialize)]
struct Scoped {
    scope: Scope,
}

impl Message {
    /// Creates a message with this content.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the content cannot be encoded as JSON.
    pub fn new(content: &impl Serialize, scope: &Scope, delay: Span) -> Result<Self, StoreError> {
        Ok(Self { body: to_json(content)?, delay, group: scope.organization.to_string() })
    }

    /// Creates a copy of an earlier message. Its group is the organization that its body names.
    pub fn again(body: &str, delay: Span) -> Self {
        let named: Option<Scoped> = serde_json::from_str(body).ok();
        let group = named.map_or_else(|| "unknown".to_owned(), |named| named.scope.organization.to_string());
        Self { body: body.to_owned(), delay, group }
    }
}

impl Queues {
    /// Creates the queues with these URLs. With `fair`, a message's organization is its message group, so that one
    /// tenant's backlog does not delay the others (SQS fair queues).
    pub fn new(sqs: aws_sdk_sqs::Client, urls: QueueUrls, fair: bool) -> Self {
        Self(Arc::new(Inner { sqs, urls, fair }))
    }

    fn url(&self, queue: QueueName) -> &str {
        match queue {
            QueueName::Dispatch => &self.0.urls.dispatch,
            QueueName::Webhooks => &self.0.urls.webhooks,
            QueueName::Turns => &self.0.urls.turns,
            QueueName::Simulator => &self.0.urls.simulator,
            QueueName::Bulk => &self.0.urls.bulk,
        }
    }

    /// Sends messages, up to ten per request. Their order has no meaning.
    ///
    /// # Errors
    /// [`StoreError::Aws`] if SQS did not take a message. It may have taken others.
    pub async fn send(&self, queue: QueueName, messages: &[Message]) -> Result<(), StoreError> {
        self.send_each(queue, messages).await.error.map_or(Ok(()), Err)
    }

    /// Sends messages and reports which of them SQS took. Stops at the first request that fails.
    pub async fn send_each(&self, queue: QueueName, messages: &[Message]) -> Sent {
        let mut sent = Sent { taken: vec![false; messages.len()], error: None };
        for (taken, batch) in sent.taken.chunks_mut(BATCH).zip(messages.chunks(BATCH)) {
            let answer = match batch {
                [one] => self.send_one(queue, one).await.map(|()| Vec::new()),
                many => self.send_batch(queue, many).await,
            };
            let failed = match answer {
                Ok(failed) => failed,
                Err(error) => {
                    sent.error = Some(error);
                    break;
                }
            };
            taken.fill(true);
            for (place, refused) in failed {
                sent.error.get_or_insert_with(|| StoreError::aws("SendMessageBatch", refused));
                if let Some(taken) = taken.get_mut(place) {
                    *taken = false;
                }
            }
        }
        sent
    }

    async fn send_one(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        self.0
            .sqs
            .send_message()
            .queue_url(self.url(queue))
            .message_body(&message.body)
            .delay_seconds(delay_seconds(message.delay))
            .set_message_group_id(self.0.fair.then(|| message.group.clone()))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::aws("SendMessage", error))
    }

    /// Sends a batch and returns the indexes of the messages that SQS refused.
    async fn send_batch(&self, queue: QueueName, messages: &[Message]) -> Result<Vec<(usize, Refused)>, StoreError> {
        let mut request = self.0.sqs.send_message_batch().queue_url(self.url(queue));
        for (index, message) in messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(&message.body)
                .delay_seconds(delay_seconds(message.delay))
                .set_message_group_id(self.0.fair.then(|| message.group.clone()))
                .build()
                .map_err(|error| StoreError::aws("SendMessageBatch", error))?;
            request = request.entries(entry);
        }
        let answer = request.send().await.map_err(|error| StoreError::aws("SendMessageBatch", error))?;
        let failed = answer.failed.into_iter();
        Ok(failed.map(|failed| (failed.id.parse().unwrap_or(usize::MAX), Refused(failed.code))).collect())
    }
}

/// Error: SQS took the batch, but not this message of it.
#[derive(Debug, thiserror::Error)]
#[error("SQS refused a message: {0}")]
struct Refused(String);

fn delay_seconds(delay: Span) -> i32 {
    i32::try_from(delay.min(LONGEST_DELAY).as_seconds_rounded_up()).unwrap_or(0)
}
