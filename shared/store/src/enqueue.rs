//! Enqueuing of what a commit asks for: the pending actions of a conversation, and the deliveries of its events.

use domain::conversation::Conversation;
use domain::schedule::{wake_at, wakes};
use domain::time::{Span, Timestamp};

use crate::commit::Store;
use crate::error::StoreError;
use crate::loaded::Loaded;
use crate::queue::{ConversationJob, DeliveryJob, Message, QueueName};

/// Time after which an unconsumed message counts as lost when a client asks for the conversation again.
const OVERDUE_AFTER: Span = Span::seconds(5);

impl Store {
    /// Enqueues the actions of a committed change. A failure loses nothing: the due index lists them 30 seconds later.
    pub(crate) async fn announce<C: Conversation>(
        &self,
        before: &Loaded<C>,
        after: &C,
        deliveries: &[DeliveryJob],
        now: Timestamp,
    ) {
        self.enqueue_deliveries(deliveries).await;
        let group = after.scope().organization.to_string();
        let message = |at: Timestamp| Message { body: before.job.clone(), delay: at.since(now), group: group.clone() };
        let messages: Vec<Message> = wakes(&before.conversation, after, now).map(message).collect();
        if let Err(error) = self.queues.send(QueueName::of(C::CHANNEL), &messages).await {
            tracing::warn!(conversation = %after.id(), error = &error as &dyn std::error::Error, "not enqueued");
        }
    }

    /// Enqueues the next action of an accepted conversation. If that fails, the due index lists it 30 seconds later. The request
    /// stays accepted.
    pub async fn wake<C: Conversation>(&self, conversation: &C, now: Timestamp) {
        let Some(at) = wake_at(conversation) else { return };
        let job = ConversationJob::of(conversation);
        let sent = match Message::new(&job, conversation.scope(), at.since(now)) {
            Ok(message) => self.queues.send(QueueName::of(C::CHANNEL), &[message]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(conversation = %conversation.id(), error, "not enqueued");
        }
    }

    /// Enqueues a conversation again if its pending action is overdue, because its message is lost or late. A duplicate does no harm.
    pub async fn wake_if_overdue<C: Conversation>(&self, conversation: &C, now: Timestamp) {
        if wake_at(conversation).is_some_and(|at| at + OVERDUE_AFTER <= now) {
            self.wake(conversation, now).await;
        }
    }

    /// Enqueues deliveries. If that fails, the due index still lists them.
    pub(crate) async fn enqueue_deliveries(&self, jobs: &[DeliveryJob]) {
        let messages: Result<Vec<Message>, StoreError> =
            jobs.iter().map(|job| Message::new(job, &job.scope, Span::ZERO)).collect();
        let sent = match messages {
            Ok(messages) => self.queues.send(QueueName::Webhooks, &messages).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(error = &error as &dyn std::error::Error, "deliveries not enqueued");
        }
    }
}
