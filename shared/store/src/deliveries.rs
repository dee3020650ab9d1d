//! Deliveries. Each pair of event and endpoint has an item, which is written with the event. Every attempt updates it
//! with one write.

use domain::conversation::Conversation;
use domain::delivery::{Delivery, State};
use domain::obligation::{Due, LONGEST_DELAY};
use domain::payload::Content;
use domain::planted::{Bug, is_planted};
use domain::time::Timestamp;

use crate::accept::CONTENT;
use crate::endpoints::failing;
use crate::error::StoreError;
use crate::item::{
    self, Item, JOB, NUDGES, QUEUE, VERSION, from_attribute, from_item, get_number, number, put_in_due, put_in_list,
    text, to_json,
};
use crate::keys;
use crate::pending_delivery::{DeliveryParts, PendingDelivery, Subject};
use crate::queue::{DeliveryJob, QueueName};
use crate::read::Items;
use crate::revision::Revision;
use crate::table::Table;
use crate::watch::{self, Step};
use crate::write::Written;

pub(crate) fn new_delivery_item(delivery: &Delivery, job: &DeliveryJob) -> Result<Item, StoreError> {
    let key = keys::delivery(delivery.conversation, delivery.log_number, delivery.endpoint);
    let mut made = item::item(&key, delivery)?;
    made.insert(VERSION.to_owned(), number(0));
    made.insert(NUDGES.to_owned(), number(0));
    made.insert(JOB.to_owned(), text(to_json(job)?));
    made.insert(QUEUE.to_owned(), text(QueueName::Webhooks.as_str()));
    let place =
        keys::list_place(delivery.created_at, format_args!("{}#{}", delivery.conversation, delivery.log_number));
    put_in_list(&mut made, keys::deliveries_list(delivery.endpoint), place);
    if !is_planted(Bug::ForgetDelivery) {
        let due = Due::of_message(delivery.next_attempt_at);
        put_in_due(&mut made, keys::due_shard_of(delivery.conversation), due);
    }
    Ok(made)
}

/// Returns a conversation's request payload from its own item or from the separate one.
pub(crate) fn content_of(call: &Item, items: &Items, apart: &keys::Key) -> Result<Content, StoreError> {
    if call.contains_key(CONTENT) {
        return from_attribute("content", call, CONTENT);
    }
    items.read("content", apart).map(Option::unwrap_or_default)
}

/// Returns a conversation's request payload, or an empty one if the payload is past its retention.
pub(crate) fn shown_content<C: Conversation>(
    conversation: &C,
    head: &Item,
    items: &Items,
) -> Result<Content, StoreError> {
    if conversation.is_forgotten() {
        return Ok(Content::default());
    }
    content_of(head, items, &keys::content(conversation.id()))
}

impl Table {
    /// Reads a delivery and everything it needs. Returns `None` if there is no such delivery.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pending_delivery(&self, job: &DeliveryJob) -> Result<Option<PendingDelivery>, StoreError> {
        let id = job.conversation;
        let delivery_key = keys::delivery(id, job.log_number, job.endpoint);
        let entry_key = keys::log_entry(id, job.log_number);
        let endpoint_key = keys::endpoint(&job.scope, job.endpoint);
        let (call_key, sms_key, content_key) = (keys::call(id), keys::sms(id), keys::content(id));
        let wanted = [&delivery_key, &entry_key, &endpoint_key, &call_key, &sms_key, &content_key];
        let transcript_key = keys::transcript(id, 0);
        let items = self.read(wanted.into_iter().chain([&transcript_key]).cloned()).await?;
        let Some(delivery) = items.get(&delivery_key) else { return Ok(None) };
        let version = get_number(delivery, VERSION).unwrap_or(0);
        let delivery = from_item("delivery", delivery)?;
        Ok(Some(PendingDelivery { delivery, parts: parts(job, items), version }))
    }

    /// Stores the result of an attempt. This is the only write of an attempt. Returns `false` if another worker updated
    /// the delivery in between: the other update stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_delivery(&self, before: &PendingDelivery, after: &Delivery) -> Result<bool, StoreError> {
        let update = self.revise(Revision {
            key: &keys::delivery(after.conversation, after.log_number, after.endpoint),
            data: to_json(after)?,
            seen: before.version,
            conditional: true,
            due: due(after, self.now()).map(|due| (due, keys::due_shard_of(after.conversation))),
            head_until: None,
            nonce: None,
        })?;
        let is_marked = matches!(self.update(update).await?, Written::Done);
        if is_marked && after.tries != before.delivery.tries {
            watch::show(Step::Attempted { before, after });
        }
        Ok(is_marked)
    }
}

/// Assembles the parts of a delivery from the items that were read.
fn parts(job: &DeliveryJob, items: Items) -> Result<DeliveryParts, StoreError> {
    let id = job.conversation;
    let endpoint_key = keys::endpoint(&job.scope, job.endpoint);
    let entry = items.read("log entry", &keys::log_entry(id, job.log_number))?;
    let (call, sms) = (items.get(&keys::call(id)), items.get(&keys::sms(id)));
    let subject = match (call, sms) {
        (Some(call), _) => Some(Subject::Call(Box::new(from_item("call", call)?))),
        (None, Some(sms)) => Some(Subject::Sms(Box::new(from_item("conversation", sms)?))),
        (None, None) => None,
    };
    Ok(DeliveryParts {
        entry,
        content: match call.or(sms) {
            Some(head) => content_of(head, &items, &keys::content(id))?,
            None => Content::default(),
        },
        subject,
        endpoint: items.read("endpoint", &endpoint_key)?,
        failing: items.get(&endpoint_key).and_then(failing),
        items,
    })
}

/// Returns a delivery's entry in the due index. No message is sent for a long wait: the reader of the index sends it
/// later.
fn due(delivery: &Delivery, now: Timestamp) -> Option<Due> {
    match delivery.state {
        State::Pending if is_short(delivery, now) => Some(Due::of_message(delivery.next_attempt_at)),
        State::Pending => Some(Due::of_index(delivery.next_attempt_at)),
        State::Delivered | State::Exhausted | State::Cancelled => None,
    }
}

/// Returns `true` if the wait before the next attempt is short enough for a delayed message.
pub fn is_short(delivery: &Delivery, now: Timestamp) -> bool {
    delivery.next_attempt_at.since(now) <= LONGEST_DELAY
}
