//! Safety net below the queues: puts overdue items back on their queues. It runs every minute. If it runs twice, late, or not
//! at all for an hour, that does no harm.

use std::collections::BTreeSet;

use domain::call::{self, Call};
use domain::conversation::Conversation;
use domain::delivery::{Delivery, State};
use domain::measure::Measure;
use domain::schedule::next_action;
use domain::sms::{self, SmsConversation};
use domain::time::{Span, Timestamp};
use futures::FutureExt;
use futures::future::join_all;
use store::keys::DUE_SHARDS;
use store::measures::measure;
use store::{ConversationJob, ConversationRef, DeliveryJob, DueItem, Loaded, Message, QueueName, Sent, StoreError};

use crate::app::App;
use crate::error::Error;
use crate::route::{Function, Trigger};

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "reconcile",
    trigger: Trigger::Schedule { handle: |app| handle(app).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Number of requeues without progress after which an item is ended. Its handler, which fails, is not called again.
const MOST_NUDGES: u32 = 5;

/// Time until a requeued item is looked at again: 30 s, doubled with each requeue.
const FIRST_PATIENCE: Span = Span::seconds(30);
/// Longest time until a requeued item is looked at again.
const LONGEST_PATIENCE: Span = Span::minutes(15);

/// Sweeps every shard of the `due` index.
///
/// # Errors
/// [`Error::Work`] with the first failure. The other shards are swept all the same.
async fn handle(app: &App) -> Result<(), Error> {
    let shards = join_all((0..DUE_SHARDS).map(|shard| sweep(app, shard))).await;
    let mut nudged = 0;
    // Zero is measured too, so that the alarm can distinguish "none" from "has not run".
    measure(Measure::OverdueItems, 0);
    for shard in shards {
        nudged += shard.map_err(|error| Error::Work(Box::new(error)))?;
    }
    if nudged > 0 {
        tracing::info!(nudged, "put back on their queues");
    }
    Ok(())
}

async fn sweep(app: &App, shard: u8) -> Result<usize, StoreError> {
    let now = app.now();
    let mut start = None;
    let mut nudged = 0;
    let mut away = BTreeSet::new();
    loop {
        let page = app.store.table.due(shard, now, start).await?;
        let overdue = page.items.iter().filter(|due| due.due_at <= now).count();
        measure(Measure::OverdueItems, i64::try_from(overdue).unwrap_or(i64::MAX));
        let (stuck, waiting): (Vec<DueItem>, _) = page.items.into_iter().partition(|due| due.nudges >= MOST_NUDGES);
        nudged += put_back(app, &waiting, &mut away, now).await;
        end(app, &stuck, now).await;
        start = page.next;
        if start.is_none() {
            return Ok(nudged);
        }
    }
}

/// Puts items back on their queues, then moves them forward in the index. Returns the number of items that were sent. The
/// message is sent first. A run that dies in between, or that mistakes its own write for another's, has then sent a message too
/// many, and not one too few.
///
/// An item or a queue that fails does not delay the others. An item that its queue did not accept stays in its place for the
/// next run and does not count as requeued, because an unavailable queue says nothing about the handlers behind it.
async fn put_back(app: &App, items: &[DueItem], away: &mut BTreeSet<QueueName>, now: Timestamp) -> usize {
    let mut sent: Vec<&DueItem> = Vec::with_capacity(items.len());
    for queue in QueueName::ALL {
        if away.contains(&queue) {
            continue;
        }
        let due: Vec<&DueItem> = items.iter().filter(|due| due.queue == queue).collect();
        let messages: Vec<Message> = due.iter().map(|due| Message::again(&due.job, due.due_at.since(now))).collect();
        let Sent { taken, error } = app.store.queues.send_each(queue, &messages).await;
        if let Some(error) = error {
            tracing::error!(queue = queue.as_str(), error = &error as &dyn std::error::Error, "not put back");
            if !taken.contains(&true) {
                away.insert(queue);
            }
        }
        sent.extend(due.into_iter().zip(taken).filter_map(|(due, taken)| taken.then_some(due)));
    }
    let moved = sent.iter().map(|due| async { (*due, move_on(app, due, now).await) });
    report(join_all(moved).await);
    sent.len()
}

/// Moves a requeued item forward in the index. An item that has changed since it was read is left alone, because another
/// consumer takes care of it.
///
/// The requeue counts only if the item was overdue. A message that was sent ahead of the deadline is the first one, and the
/// handler has not received it yet.
async fn move_on(app: &App, due: &DueItem, now: Timestamp) -> Result<(), StoreError> {
    let patience = FIRST_PATIENCE.times(1 << due.nudges).min(LONGEST_PATIENCE);
    let nudges = due.nudges + u32::from(due.due_at <= now);
    app.store.table.nudge(due, due.due_at.max(now) + patience, nudges).await.map(drop)
}

/// Ends items that made no progress.
async fn end(app: &App, stuck: &[DueItem], now: Timestamp) {
    let ended = stuck.iter().filter(|due| due.due_at <= now).map(|due| async move { (due, give_up(app, due).await) });
    report(join_all(ended).await);
}

fn report(results: Vec<(&DueItem, Result<(), StoreError>)>) {
    for (due, result) in results {
        if let Err(error) = result {
            let error = &error as &dyn std::error::Error;
            tracing::error!(pk = due.key.pk, sk = due.key.sk, error, "overdue item not dealt with");
        }
    }
}

/// Ends an item, unless it has made progress since the index was read.
async fn give_up(app: &App, due: &DueItem) -> Result<(), StoreError> {
    match due.queue {
        QueueName::Dispatch => abandon::<Call>(app, due, || call::Input::Abandon, || call::Input::Tick).await,
        QueueName::Turns => abandon::<SmsConversation>(app, due, || sms::Input::Abandon, || sms::Input::Tick).await,
        QueueName::Webhooks => {
            let job: DeliveryJob = parse(due)?;
            let table = &app.store.table;
            let Some(pending) = table.pending_delivery(&job).await? else { return Ok(()) };
            if pending.delivery.state != State::Pending || pending.delivery.next_attempt_at > table.now() {
                return Ok(());
            }
            say_given_up(due);
            let after = Delivery { state: State::Exhausted, ..pending.delivery.clone() };
            table.mark_delivery(&pending, &after).await.map(drop)
        }
        // The simulator's callbacks are not in the index, because polls make up for lost ones. Items of bulk requests are not
        // either, because a replay completes them.
        QueueName::Simulator | QueueName::Bulk => Ok(()),
    }
}

/// Ends a conversation that has a pending action, and logs that. Applies the passing of time to any other conversation.
async fn abandon<C: Conversation>(
    app: &App,
    due: &DueItem,
    abandon: fn() -> C::Input,
    tick: fn() -> C::Input,
) -> Result<(), StoreError> {
    let reference = ConversationRef::from(parse::<ConversationJob>(due)?);
    let input = |loaded: &Loaded<C>| {
        if next_action(&loaded.conversation, app.now()).is_none() {
            return tick();
        }
        say_given_up(due);
        abandon()
    };
    app.store.apply::<C>(&reference, None, input).await.map(drop)
}

fn say_given_up(due: &DueItem) {
    tracing::error!(pk = due.key.pk, sk = due.key.sk, "no progress; given up");
}

fn parse<T: serde::de::DeserializeOwned>(due: &DueItem) -> Result<T, StoreError> {
    serde_json::from_str(&due.job).map_err(|error| StoreError::corrupt("job", error))
}
