//! Deliveries: an item for every event and endpoint, written with the event, marked by one write per attempt.

use domain::call::Call;
use domain::conversation::Conversation;
use domain::delivery::{Delivery, State};
use domain::endpoint::{Endpoint, Failing};
use domain::log::LogEntry;
use domain::obligation::{Due, LONGEST_DELAY};
use domain::organization::Content;
use domain::planted::{Bug, is_planted};
use domain::sms::SmsConversation;
use domain::time::Timestamp;

use crate::accept::CONTENT;
use crate::endpoints::failing;
use crate::error::StoreError;
use crate::item::{
    self, Item, JOB, NUDGES, QUEUE, VERSION, from_attribute, from_item, get_number, number, put_in_due, put_in_list,
    text, to_json,
};
use crate::keys;
use crate::queue::{DeliveryJob, QueueName};
use crate::read::Items;
use crate::revision::Revision;
use crate::table::Table;
use crate::write::Written;

/// A conversation of either kind.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A call.
    Call(Box<Call>),
    /// An SMS conversation.
    Sms(Box<SmsConversation>),
}

/// A delivery with everything it needs, as read in one round trip.
#[derive(Debug)]
pub struct PendingDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// What is sent, and where; [`StoreError::Corrupt`] where something of that cannot be read.
    pub parts: Result<DeliveryParts, StoreError>,
    version: u64,
}

/// What a delivery sends, and where.
#[derive(Debug)]
pub struct DeliveryParts {
    /// The log entry with the event; `None` where that has expired.
    pub entry: Option<LogEntry>,
    /// The conversation; `None` where the event belongs to none.
    pub subject: Option<Subject>,
    /// What the client gave for it.
    pub content: Content,
    /// Where it goes; `None` where the endpoint was deleted.
    pub endpoint: Option<Endpoint>,
    /// That one's failure, where it is failing.
    pub failing: Option<Failing>,
    /// What else was read: the transcript's first part.
    pub items: Items,
}

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

/// Reads what a client gave for a conversation, wherever it stands.
pub(crate) fn content_of(call: &Item, items: &Items, apart: &keys::Key) -> Result<Content, StoreError> {
    if call.contains_key(CONTENT) {
        return from_attribute("content", call, CONTENT);
    }
    items.read("content", apart).map(Option::unwrap_or_default)
}

/// What a client gave for a conversation, as long as that is kept.
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
    /// Reads a delivery and everything it needs. `None` where there is no such delivery.
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

    /// Marks a delivery: its one write for an attempt. `false` where somebody else marked it in between; theirs counts.
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
        Ok(matches!(self.update(update).await?, Written::Done))
    }
}

/// Puts together what was read for a delivery.
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
