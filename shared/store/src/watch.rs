//! Observation of what the store commits, step by step. The local stack shows a conversation's life by it. Outside of
//! [`watched`], as in a deployment, nothing observes.

use std::any::Any;
use std::sync::Arc;

use domain::call::Call;
use domain::conversation::{Change, Conversation};
use domain::delivery::Delivery;
use domain::ids::{ConversationId, Scope};
use domain::log::LogEntry;
use domain::sms::SmsConversation;

use crate::pending_delivery::PendingDelivery;

tokio::task_local! {
    static WATCHER: Watcher;
}

/// Observer of committed steps. It is called before messages about a step are sent, and must not block.
pub type Watcher = Arc<dyn for<'a> Fn(Step<'a>) + Send + Sync>;

/// Conversation as the type of its channel.
#[derive(Clone, Copy, Debug)]
pub enum OfChannel<'a> {
    /// Phone call.
    Call(&'a Call),
    /// SMS conversation.
    Sms(&'a SmsConversation),
}

impl<'a> OfChannel<'a> {
    fn new<C: Conversation>(conversation: &'a C) -> Option<Self> {
        let conversation: &dyn Any = conversation;
        let call = conversation.downcast_ref().map(Self::Call);
        call.or_else(|| conversation.downcast_ref().map(Self::Sms))
    }
}

/// Step that was committed.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A conversation was created.
    Created(OfChannel<'a>),
    /// A conversation changed.
    Changed {
        /// Conversation before the change.
        before: OfChannel<'a>,
        /// Conversation after the change.
        after: OfChannel<'a>,
        /// Entries that the change added to the log.
        log: &'a [LogEntry],
    },
    /// A text came in that belongs to no open conversation.
    Unassigned {
        /// Organization and mode of the number that received it.
        scope: &'a Scope,
        /// Id of the log that was written for it.
        id: ConversationId,
        /// Entries of that log.
        log: &'a [LogEntry],
    },
    /// An attempt to deliver a webhook was made.
    Attempted {
        /// Delivery before the attempt, with everything that was read for it.
        before: &'a PendingDelivery,
        /// Delivery with the attempt.
        after: &'a Delivery,
    },
}

/// Runs work, and shows each step that it commits to `watcher`.
pub async fn watched<T>(watcher: Watcher, work: impl Future<Output = T>) -> T {
    WATCHER.scope(watcher, work).await
}

/// Shows a step to the observer, if there is one.
pub(crate) fn show(step: Step<'_>) {
    WATCHER.try_with(|watcher| watcher(step)).ok();
}

/// Shows the creation of a conversation.
pub(crate) fn show_created<C: Conversation>(conversation: &C) {
    if let Some(conversation) = OfChannel::new(conversation) {
        show(Step::Created(conversation));
    }
}

/// Shows a change of a conversation.
pub(crate) fn show_changed<C: Conversation>(before: &C, change: &Change<C>) {
    if let Some((before, after)) = OfChannel::new(before).zip(OfChannel::new(&change.after)) {
        show(Step::Changed { before, after, log: &change.log });
    }
}
