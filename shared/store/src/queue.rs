//! The queues, and the messages on them.

use std::fmt;
use std::sync::Arc;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::conversation::Conversation;
use domain::ids::{Channel, ConversationId, EndpointId, Scope};
use domain::obligation::LONGEST_DELAY;
use domain::organization::suppression_digest;
use domain::time::Span;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::to_json;

/// The version of the messages written here. A consumer reads its own and the one before: messages are in flight while
/// a new version is rolled out.
pub const MESSAGE_VERSION: u32 = 1;

/// The oldest version of messages that is read here.
pub const OLDEST_MESSAGE_VERSION: u32 = MESSAGE_VERSION - 1;

/// How many messages SQS takes in one request.
const BATCH: usize = 10;

/// A queue of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueName {
    /// Calls that something has to be done for.
    Dispatch,
    /// Deliveries of events.
    Webhooks,
    /// SMS conversations that something has to be done for: a turn, a text.
    Turns,
    /// The simulator's later callbacks.
    Simulator,
    /// Items of bulk requests that are to be accepted.
    Bulk,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [Self; 5] = [Self::Dispatch, Self::Webhooks, Self::Turns, Self::Simulator, Self::Bulk];

    /// The queue's name, as it stands in items.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::Webhooks => "webhooks",
            Self::Turns => "turns",
            Self::Simulator => "simulator",
            Self::Bulk => "bulk",
        }
    }

    /// The queue whose consumer brings conversations of that kind forward.
    pub const fn of(channel: Channel) -> Self {
        match channel {
            Channel::Voice => Self::Dispatch,
            Channel::Sms => Self::Turns,
        }
    }

    /// Reads a name; `None` where there is no such queue.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == name)
    }
}

/// "Look at this conversation": the message carries no instruction, so that a duplicate or a late one does no harm. What has to
/// be done follows from the conversation itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationJob {
    /// The message's version.
    pub v: u32,
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose it is.
    pub scope: Scope,
    /// The digest by which the customer's number is looked up in the do-not-call list.
    pub suppression: String,
}

impl ConversationJob {
    /// The message that wakes this conversation.
    pub fn of(conversation: &impl Conversation) -> Self {
        let scope = conversation.scope().clone();
        let suppression = suppression_digest(&scope, conversation.customer());
        Self { v: MESSAGE_VERSION, conversation: conversation.id(), scope, suppression }
    }
}

/// "Deliver this event to this endpoint."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryJob {
    /// The message's version.
    pub v: u32,
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose it is.
    pub scope: Scope,
    /// The event's place in the conversation's log.
    pub log_number: u64,
    /// Where it goes.
    pub endpoint: EndpointId,
}

/// The queues' addresses.
#[derive(Clone, Debug)]
pub struct QueueUrls {
    /// See [`QueueName::Dispatch`].
    pub dispatch: String,
    /// See [`QueueName::Webhooks`].
    pub webhooks: String,
    /// See [`QueueName::Turns`].
    pub turns: String,
    /// See [`QueueName::Simulator`].
    pub simulator: String,
    /// See [`QueueName::Bulk`].
    pub bulk: String,
}

/// The queues. A concrete type over the real SDK.
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

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its text.
    pub body: String,
    /// How long it stays invisible; 15 minutes at most.
    pub delay: Span,
    /// The organization, which is the message group where queues are fair.
    pub group: String,
}

/// What came of sending messages.
#[derive(Debug)]
pub struct Sent {
    /// Whether each of them was taken, in their order.
    pub taken: Vec<bool>,
    /// Why not all of them were.
    pub error: Option<StoreError>,
}

/// What every message says, whatever else it says.
#[derive(Deserialize)]
struct Scoped {
    scope: Scope,
}

impl Message {
    /// A message of this content.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the content cannot be written as JSON.
    pub fn new(content: &impl Serialize, scope: &Scope, delay: Span) -> Result<Self, StoreError> {
        Ok(Self { body: to_json(content)?, delay, group: scope.organization.to_string() })
    }

    /// A message that was sent before, again. Its group is the organization that it names.
    pub fn again(body: &str, delay: Span) -> Self {
        let named: Option<Scoped> = serde_json::from_str(body).ok();
        let group = named.map_or_else(|| "unknown".to_owned(), |named| named.scope.organization.to_string());
        Self { body: body.to_owned(), delay, group }
    }
}

impl Queues {
    /// The queues at these addresses. With `fair`, a message's organization is its message group, so that one tenant's
    /// backlog does not delay the others (SQS fair queues).
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

    /// Sends messages: one request for every ten. The order means nothing.
    ///
    /// # Errors
    /// [`StoreError::Aws`] where a message was not taken; others may have been.
    pub async fn send(&self, queue: QueueName, messages: &[Message]) -> Result<(), StoreError> {
        self.send_each(queue, messages).await.error.map_or(Ok(()), Err)
    }

    /// The same, and says which of them were taken. Once a request has failed, the rest is not tried.
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

    /// Sends a batch, and gives the places of the messages that were refused.
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

/// SQS took the batch, but not this message of it.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQS refused a message: {}", self.0)
    }
}

impl std::error::Error for Refused {}

fn delay_seconds(delay: Span) -> i32 {
    i32::try_from(delay.min(LONGEST_DELAY).as_seconds_rounded_up()).unwrap_or(0)
}
