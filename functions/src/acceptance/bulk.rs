//! The acceptance of the items of a bulk request, each on its own, through the acceptance of a call.

use std::collections::BTreeMap;

use domain::ids::{ConversationId, Operation, Scope};
use domain::time::Span;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use store::{BulkRefusal, Items, Message, QueueName, StoreError, Table, keys};

use super::{NewRequest, Refusal, accept};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Number of items that are accepted, and of messages that are sent, at the same time.
pub(crate) const CONCURRENCY: usize = 8;

/// Largest request to SQS, in bytes. SQS takes 256 KiB.
const QUEUE_BATCH_BYTES: usize = 240 * 1024;

/// Most messages of a request to SQS.
const QUEUE_BATCH: usize = 10;

/// Items of a metered organization that are tried in a second: fewer than its wallet accepts.
const METERED_PACE: u32 = 15;

/// Returns the id of the call that an item of a bulk request is.
pub(crate) fn item_id(scope: &Scope, bulk: ConversationId, index: u32) -> ConversationId {
    ConversationId::for_key(scope, Operation::LeversBulkItem, &format!("{bulk}#{index}"))
}

/// Item of a bulk request.
#[derive(Debug)]
pub(crate) struct Item {
    /// Id of the bulk request.
    pub(crate) bulk: ConversationId,
    /// Place of the item in the request, from 0.
    pub(crate) index: u32,
    /// The item as a request for a call, or the message that says why its number cannot be read.
    pub(crate) asked: Result<NewRequest, String>,
}

/// Accepts an item, or records its refusal and returns that. An item that was accepted before stays accepted. `told` puts a
/// refusal into the words of the item's client.
///
/// # Errors
/// [`Refusal::TooFast`] and [`Refusal::Failed`]: nothing is decided yet.
pub(crate) async fn accept_item(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    item: Item,
    told: fn(Refusal) -> ApiError,
) -> Result<Option<BulkRefusal>, Refusal> {
    let (code, message) = match item.asked {
        Err(unreadable) => ("invalid_phone_number".to_owned(), unreadable),
        Ok(asked) => match Box::pin(accept(app, caller, items, &asked)).await {
            Ok(_) => return Ok(None),
            Err(undecided @ (Refusal::TooFast | Refusal::Failed(_))) => return Err(undecided),
            Err(refusal) => {
                let error = told(refusal);
                (error.code().to_owned(), error.message())
            }
        },
    };
    let refusal = BulkRefusal { index: item.index, code, message };
    app.store.table.refuse_bulk_item(&caller.scope, item.bulk, &refusal).await?;
    Ok(Some(refusal))
}

/// Returns the outcomes of the items of a request that was made before: `None` for an accepted item, else its refusal. Items
/// without an outcome are missing.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn settled(
    table: &Table,
    scope: &Scope,
    bulk: ConversationId,
    count: usize,
) -> Result<BTreeMap<u32, Option<BulkRefusal>>, StoreError> {
    let refusals = table.bulk_refusals(scope, bulk).await?;
    let mut outcomes: BTreeMap<_, _> = refusals.into_iter().map(|(index, refusal)| (index, Some(refusal))).collect();
    let all: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
    // Two tries at once may have come to different ends. An item whose call exists was accepted.
    for page in all.chunks(100) {
        let call = |index: &u32| keys::call(item_id(scope, bulk, *index));
        let items = table.read(page.iter().map(call)).await?;
        outcomes.extend(page.iter().filter(|index| items.get(&call(index)).is_some()).map(|index| (*index, None)));
    }
    Ok(outcomes)
}

/// Puts items on the queue, in as few requests as SQS takes. If it fails, the client's request fails, and its replay completes
/// the rest.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn enqueue<J: Serialize>(
    app: &App,
    scope: &Scope,
    jobs: &[J],
    is_metered: bool,
) -> Result<(), StoreError> {
    let mut batches: Vec<Vec<Message>> = vec![Vec::new()];
    let mut bytes = 0;
    for (place, job) in (0_u32..).zip(jobs) {
        let delay = if is_metered { Span::seconds(place / METERED_PACE) } else { Span::ZERO };
        let message = Message::new(job, scope, delay)?;
        let is_full = batches.last().is_some_and(|batch| batch.len() == QUEUE_BATCH);
        if is_full || bytes + message.body.len() > QUEUE_BATCH_BYTES {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += message.body.len();
        if let Some(batch) = batches.last_mut() {
            batch.push(message);
        }
    }
    let sends = stream::iter(batches).map(|batch| async move { app.store.queues.send(QueueName::Bulk, &batch).await });
    let sent: Vec<Result<(), StoreError>> = sends.buffer_unordered(CONCURRENCY).collect().await;
    sent.into_iter().collect()
}
