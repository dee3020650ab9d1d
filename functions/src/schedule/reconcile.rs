//! The net below the queues: whatever is overdue goes back onto its queue. Runs every minute; twice, late, or not at all
//! for an hour, it does no harm.

use std::collections::BTreeMap;

use domain::call::Input;
use domain::delivery::{Delivery, State};
use domain::time::{Span, Timestamp};
use futures::future::join_all;
use store::keys::DUE_SHARDS;
use store::{CallJob, CallRef, DeliveryJob, DueItem, Message, QueueName, StoreError};

use crate::app::App;
use crate::error::Error;

/// What was put back on its queue so often without any progress is ended, without running what fails again.
const MOST_NUDGES: u32 = 5;

/// How long something that was put back is left alone: 30 s, doubling with every time.
const FIRST_PATIENCE: Span = Span::seconds(30);
const LONGEST_PATIENCE: Span = Span::minutes(15);

/// Goes through every shard of the index of what is due.
///
/// # Errors
/// [`Error::Work`] with the first failure; the other shards were gone through all the same.
pub(crate) async fn handle(app: &App) -> Result<(), Error> {
    let shards = join_all((0..DUE_SHARDS).map(|shard| sweep(app, shard))).await;
    let mut nudged = 0;
    for shard in shards {
        nudged += shard.map_err(|error| Error::Work(Box::new(error)))?;
    }
    tracing::info!(nudged, "reconciled");
    Ok(())
}

async fn sweep(app: &App, shard: u8) -> Result<usize, StoreError> {
    let now = app.store.table.now();
    let mut start = None;
    let mut nudged = 0;
    loop {
        let page = app.store.table.due(shard, now, start).await?;
        nudged += put_back(app, &page.items, now).await;
        start = page.next;
        if start.is_none() {
            return Ok(nudged);
        }
    }
}

/// Puts items back on their queues, then moves them on in the index. In this order, because a run that dies in between,
/// or takes its own write for somebody else's, has sent a message too many and not one too few.
///
/// An item or queue that fails keeps none of the others waiting. What could not be sent counts as put back all the same:
/// it is given up in the end, as what the handler fails at.
async fn put_back(app: &App, items: &[DueItem], now: Timestamp) -> usize {
    let (stuck, waiting): (Vec<&DueItem>, Vec<&DueItem>) = items.iter().partition(|due| due.nudges >= MOST_NUDGES);
    let mut messages: BTreeMap<QueueName, Vec<Message>> = BTreeMap::new();
    for due in &waiting {
        let message = Message::again(&due.job, due.due_at.since(now));
        messages.entry(due.queue).or_default().push(message);
    }
    for (queue, messages) in messages {
        if let Err(error) = app.store.queues.send(queue, &messages).await {
            tracing::error!(queue = queue.as_str(), error = &error as &dyn std::error::Error, "not put back");
        }
    }
    let moved = waiting.iter().map(|due| async { (*due, move_on(app, due, now).await) });
    let ended = stuck.iter().filter(|due| due.due_at <= now).map(|due| async { (*due, give_up(app, due).await) });
    for (due, result) in join_all(moved).await.into_iter().chain(join_all(ended).await) {
        if let Err(error) = result {
            let error = &error as &dyn std::error::Error;
            tracing::error!(pk = due.key.pk, sk = due.key.sk, error, "overdue item not dealt with");
        }
    }
    waiting.len()
}

/// Moves something that was put back on in the index, unless it has changed since: then somebody takes care of it.
async fn move_on(app: &App, due: &DueItem, now: Timestamp) -> Result<(), StoreError> {
    let patience = FIRST_PATIENCE.times(1 << due.nudges).min(LONGEST_PATIENCE);
    app.store.table.nudge(due, due.due_at.max(now) + patience).await.map(drop)
}

async fn give_up(app: &App, due: &DueItem) -> Result<(), StoreError> {
    tracing::error!(pk = due.key.pk, sk = due.key.sk, "no progress; given up");
    match due.queue {
        QueueName::Dispatch => {
            let job: CallJob = parse(due)?;
            app.store.apply(&CallRef::from(job), None, |_| Input::Abandon).await.map(drop)
        }
        QueueName::Webhooks => {
            let job: DeliveryJob = parse(due)?;
            let Some(pending) = app.store.table.pending_delivery(&job).await? else { return Ok(()) };
            let after = Delivery { state: State::Exhausted, ..pending.delivery.clone() };
            app.store.table.mark_delivery(&pending, &after).await.map(drop)
        }
        // The simulator's callbacks are in no index: polls make up for lost ones. Nor are the items of bulk requests: a
        // replay completes them.
        QueueName::Simulator | QueueName::Bulk => Ok(()),
    }
}

fn parse<T: serde::de::DeserializeOwned>(due: &DueItem) -> Result<T, StoreError> {
    serde_json::from_str(&due.job).map_err(|error| StoreError::corrupt("job", error))
}
