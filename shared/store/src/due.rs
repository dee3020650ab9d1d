//! The index of what is due: the net below the queues.

use aws_sdk_dynamodb::types::Update;
use domain::time::Timestamp;

use crate::error::StoreError;
use crate::item::{self, Item, JOB, NUDGES, QUEUE, WAKE_AT, get_number, get_text, key_of, number, text};
use crate::keys::{self, DUE_AT, DUE_INDEX, DUE_PK, Key};
use crate::queue::QueueName;
use crate::table::Table;
use crate::write::Written;

/// Something in the index, as it stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// Whose it is.
    pub key: Key,
    /// When it is due.
    pub due_at: Timestamp,
    /// From when on the index named it.
    named_from: Timestamp,
    /// How often it was put back on its queue without effect.
    pub nudges: u32,
    /// The queue it belongs on.
    pub queue: QueueName,
    /// The message that takes care of it.
    pub job: String,
}

/// A page of a shard of the index.
#[derive(Debug, Default)]
pub struct DuePage {
    /// What is due, the longest overdue first.
    pub items: Vec<DueItem>,
    /// Where the next page begins.
    pub next: Option<Item>,
}

impl Table {
    /// What a shard of the index names by then.
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

    /// Moves something on in the index, as it was put back on its queue, and says how often that was now. `false` where
    /// it has changed since it was read: then somebody takes care of it.
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
