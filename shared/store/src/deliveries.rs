//! Deliveries: an item for every event and endpoint, written with the event, marked by one write per attempt.

use aws_sdk_dynamodb::types::Update;
use domain::call::{Call, Due, LONGEST_DELAY, LogEntry};
use domain::delivery::{Delivery, State};
use domain::organization::Content;
use domain::planted::{Bug, is_planted};
use domain::time::Timestamp;

use crate::accept::CONTENT;
use crate::endpoints::Endpoint;
use crate::error::StoreError;
use crate::item::{
    self, DATA, Item, JOB, NUDGES, QUEUE, VERSION, WAKE_AT, due_expression, from_attribute, from_item, get_number,
    number, put_in_due, put_in_list, text, to_json,
};
use crate::keys::{self, DUE_AT, DUE_PK};
use crate::queue::{DeliveryJob, QueueName};
use crate::read::Items;
use crate::table::Table;
use crate::write::Written;

/// A delivery with everything it needs, as read in one round trip.
#[derive(Debug)]
pub struct PendingDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// The log entry with the event.
    pub entry: LogEntry,
    /// The conversation.
    pub call: Call,
    /// What the client gave for it.
    pub content: Content,
    /// Where it goes; `None` where the endpoint was deleted.
    pub endpoint: Option<Endpoint>,
    /// What else was read: the transcript's first part.
    pub items: Items,
    version: u64,
}

pub(crate) fn new_delivery_item(delivery: &Delivery, job: &DeliveryJob) -> Result<Item, StoreError> {
    let key = keys::delivery(delivery.conversation, delivery.log_number, delivery.endpoint);
    let mut made = item::item(&key, delivery)?;
    made.insert(VERSION.to_owned(), number(0));
    made.insert(NUDGES.to_owned(), number(0));
    made.insert(JOB.to_owned(), text(to_json(job)?));
    made.insert(QUEUE.to_owned(), text(QueueName::Webhooks.as_str()));
    let place = keys::list_place(delivery.created_at, format_args!("{}#{}", delivery.conversation, delivery.sequence));
    put_in_list(&mut made, keys::deliveries_list(delivery.endpoint), place);
    if !is_planted(Bug::ForgetDelivery) {
        let due = Due::of_message(delivery.next_attempt_at);
        put_in_due(&mut made, keys::due_shard_of(delivery.conversation), due);
    }
    Ok(made)
}

/// Reads what a client gave for a conversation, wherever it stands.
pub(crate) fn content_of(call: &Item, items: &Items, apart: &keys::Key) -> Result<Content, StoreError> {
    if call.contains_key(CONTENT) {
        return from_attribute("content", call, CONTENT);
    }
    items.read("content", apart).map(Option::unwrap_or_default)
}

impl Table {
    /// Reads a delivery and everything it needs. `None` where there is no such delivery.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pending_delivery(&self, job: &DeliveryJob) -> Result<Option<PendingDelivery>, StoreError> {
        let id = job.conversation;
        let delivery_key = keys::delivery(id, job.log_number, job.endpoint);
        let entry_key = keys::log_entry(id, job.log_number);
        let endpoint_key = keys::endpoint(&job.scope, job.endpoint);
        let (call_key, content_key) = (keys::call(id), keys::content(id));
        let wanted = [&delivery_key, &entry_key, &endpoint_key, &call_key, &content_key, &keys::transcript(id, 0)];
        let items = self.read(wanted.into_iter().cloned()).await?;
        let (Some(delivery), Some(call)) = (items.get(&delivery_key), items.get(&call_key)) else { return Ok(None) };
        let version = get_number(delivery, VERSION).unwrap_or(0);
        let delivery = from_item("delivery", delivery)?;
        let entry = items.read("log entry", &entry_key)?;
        Ok(Some(PendingDelivery {
            delivery,
            entry: entry.ok_or_else(|| StoreError::corrupt("log entry", "it is missing"))?,
            content: content_of(call, &items, &content_key)?,
            call: from_item("call", call)?,
            endpoint: items.read("endpoint", &endpoint_key)?,
            version,
            items,
        }))
    }

    /// Marks a delivery: its one write for an attempt. `false` where somebody else marked it in between; theirs counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_delivery(&self, before: &PendingDelivery, after: &Delivery) -> Result<bool, StoreError> {
        let mut expression = "SET #data = :data, #version = :next, #nudges = :none".to_owned();
        let key = keys::delivery(after.conversation, after.log_number, after.endpoint);
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&key)))
            .condition_expression("#version = :before")
            .expression_attribute_names("#data", DATA)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#nudges", NUDGES)
            .expression_attribute_names("#duePk", DUE_PK)
            .expression_attribute_names("#dueAt", DUE_AT)
            .expression_attribute_names("#wakeAt", WAKE_AT)
            .expression_attribute_values(":data", text(to_json(after)?))
            .expression_attribute_values(":before", number(before.version))
            .expression_attribute_values(":next", number(before.version + 1))
            .expression_attribute_values(":none", number(0));
        let due = due(after, self.now());
        expression.push_str(due_expression(due));
        if let Some(due) = due {
            update = update
                .expression_attribute_values(":duePk", text(keys::due_shard_of(after.conversation)))
                .expression_attribute_values(":dueAt", item::moment(due.named_from))
                .expression_attribute_values(":wakeAt", item::moment(due.at));
        }
        let update =
            update.update_expression(expression).build().map_err(|error| StoreError::aws("UpdateItem", error))?;
        Ok(matches!(self.update(update).await?, Written::Done))
    }
}

/// A delivery's place in the index of what is due. A long wait has no message: the index's reader sends it.
fn due(delivery: &Delivery, now: Timestamp) -> Option<Due> {
    match delivery.state {
        State::Pending if is_short(delivery, now) => Some(Due::of_message(delivery.next_attempt_at)),
        State::Pending => Some(Due::of_index(delivery.next_attempt_at)),
        State::Delivered | State::Exhausted | State::Cancelled => None,
    }
}

/// Whether the wait before a delivery's next attempt is short enough for a delayed message.
pub fn is_short(delivery: &Delivery, now: Timestamp) -> bool {
    delivery.next_attempt_at.since(now) <= LONGEST_DELAY
}
