//! Index of due items. It finds pending actions whose queue message was lost.

use aws_sdk_dynamodb::types::Update;
use domain::time::Timestamp;

use crate::error::StoreError;
use crate::item::{self, Item, JOB, NUDGES, QUEUE, WAKE_AT, get_number, get_text, key_of, number, text};
use crate::keys::{self, DUE_AT, DUE_INDEX, DUE_PK, Key};
use crate::queue::QueueName;
use crate::table::Table;
use crate::write::Written;

/// Entry of the due index, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// Key of the item that is due.
    pub key: Key,
    /// Time at which the item is due.
    pub due_at: Timestamp,
    /// Time from which the index returned it.
    named_from: Timestamp,
    /// Number of requeues without progress.
    pub nudges: u32,
    /// Queue of its message.
    pub queue: QueueName,
    /// Body of the message whose consumer handles the item.
    pub job: String,
}

/// Page of a shard of the index.
#[derive(Debug, Default)]
pub struct DuePage {
    /// Due items, ordered by the time from which the index returns them.
    pub items: Vec<DueItem>,
    /// DynamoDB key at which the next page begins.
    pub next: Option<Item>,
}

impl Table {
    /// Returns a page of the entries of a shard that the index names by `until`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn due(&self, shard: u8, until: Timestamp, start: Option<Item>) -> Result<DuePage, StoreError> {
        let answer = self
            .dynamodb()
            .query()
            .table_name(self.name())
            .index_name(DUE_INDEX)
            .key_condition_expression("#pk = :pk AND #at <= :until")
            .expression_attribute_names("#pk", DUE_PK)
            .expression_attribute_names("#at", DUE_AT)
            .expression_attribute_values(":pk", text(keys::due_shard(shard)))
            .expression_attribute_values(":until", item::moment(until))
            .limit(100)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::aws("Query", error))?;
        let found = answer.items.unwrap_or_default();
        Ok(DuePage { items: found.iter().filter_map(due_item).collect(), next: answer.last_evaluated_key })
    }

    /// Records a requeue: moves the entry to `next` and stores the number of requeues. Returns `false` if the item has
    /// changed since it was read, because a worker then takes care of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn nudge(&self, due: &DueItem, next: Timestamp, nudges: u32) -> Result<bool, StoreError> {
        let update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&due.key)))
            .update_expression("SET #at = :next, #nudges = :nudges")
            .condition_expression("#at = :before AND #nudges = :seen")
            .expression_attribute_names("#at", DUE_AT)
            .expression_attribute_names("#nudges", NUDGES)
            .expression_attribute_values(":next", item::moment(next))
            .expression_attribute_values(":nudges", number(nudges))
            .expression_attribute_values(":before", item::moment(due.named_from))
            .expression_attribute_values(":seen", number(due.nudges))
            .build()
            .map_err(|error| StoreError::aws("UpdateItem", error))?;
        Ok(matches!(self.update(update).await?, Written::Done))
    }
}

fn due_item(item: &Item) -> Option<DueItem> {
    Some(DueItem {
        key: key_of(item)?,
        due_at: Timestamp::from_milliseconds(get_number(item, WAKE_AT)?),
        named_from: Timestamp::from_milliseconds(get_number(item, DUE_AT)?),
        nudges: get_number(item, NUDGES).unwrap_or(0),
        queue: QueueName::parse(get_text(item, QUEUE)?)?,
        job: get_text(item, JOB)?.to_owned(),
    })
}
