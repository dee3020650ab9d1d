//! Delivery log of an endpoint, as its owner sees it, and redelivery.

use domain::delivery::{Delivery, State};
use domain::ids::{ConversationId, EndpointId, Scope};
use domain::log::LogEntry;
use domain::obligation::Due;
use domain::time::Timestamp;
use futures::future::join_all;

use crate::commit::Store;
use crate::conversation_list::MOST_LOOKED_AT;
use crate::error::StoreError;
use crate::item::{VERSION, from_item, get_number, to_json};
use crate::keys::{self, Key};
use crate::list_places::{Order, Part, Place, Places};
use crate::queue::{DeliveryJob, MESSAGE_VERSION};
use crate::read::Items;
use crate::revision::Revision;
use crate::table::Table;
use crate::unreadable::noted;
use crate::write::Written;

/// Largest number of keys in one batch read.
const BATCH_KEYS: usize = 100;

/// Number of deliveries that are read together, each with its event, when they are filtered by state.
const READ_TOGETHER: u8 = 50;

/// Delivery with its event.
#[derive(Clone, Debug)]
pub struct LoggedDelivery {
    /// Delivery with its state and its last attempts.
    pub delivery: Delivery,
    /// Log entry with the event.
    pub entry: LogEntry,
}

/// Page of an endpoint's deliveries.
#[derive(Debug)]
pub struct DeliveriesPage {
    /// Deliveries of the page.
    pub deliveries: Vec<LoggedDelivery>,
    /// List position behind which the next page begins.
    pub next: Option<String>,
}

/// Result of a redelivery request.
#[derive(Debug)]
pub enum Redelivery {
    /// The delivery is pending again.
    Again(Box<LoggedDelivery>),
    /// There is no such delivery.
    Missing,
}

/// Result of a request to redeliver failed deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redelivered {
    /// Number of deliveries that are pending again.
    pub count: u32,
    /// Time from which there may be more failed deliveries, or `None` if there are none.
    pub more_from: Option<Timestamp>,
}

impl Table {
    /// Returns a page of an endpoint's deliveries, newest first. A page that is filtered by `state` ends when it is
    /// full or when [`MOST_LOOKED_AT`] deliveries were examined.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deliveries(
        &self,
        endpoint: EndpointId,
        start: Option<&str>,
        limit: u8,
        state: Option<State>,
    ) -> Result<DeliveriesPage, StoreError> {
        let together = if state.is_some() { READ_TOGETHER } else { limit };
        let mut page = DeliveriesPage { deliveries: Vec::new(), next: None };
        let mut start = start.map(str::to_owned);
        let mut looked_at = 0;
        loop {
            let found = self.delivery_places(endpoint, start.as_deref(), None, together).await?;
            let last = found.last();
            let keys: Vec<Key> = found.places.iter().map(|found| found.key.clone()).collect();
            let items = self.read_many(&with_entries(&keys)).await?;
            for Place { place, key } in &found.places {
                let Some(item) = items.get(key) else { continue };
                let Some(logged) = noted(logged(key, &items), item).flatten() else { continue };
                if state.is_some_and(|state| logged.delivery.state != state) {
                    continue;
                }
                page.deliveries.push(logged);
                if page.deliveries.len() == usize::from(limit) {
                    let is_last = Some(place) == last.as_ref() && !found.has_more;
                    page.next = (!is_last).then(|| place.clone());
                    return Ok(page);
                }
            }
            looked_at += found.places.len();
            start = last.filter(|_| found.has_more);
            if start.is_none() || state.is_none() || looked_at >= MOST_LOOKED_AT {
                page.next = start;
                return Ok(page);
            }
        }
    }

    /// Returns positions in the list: newest first behind `start`, or oldest first from `since`.
    async fn delivery_places(
        &self,
        endpoint: EndpointId,
        start: Option<&str>,
        since: Option<Timestamp>,
        limit: u8,
    ) -> Result<Places, StoreError> {
        let part = Part {
            list: keys::deliveries_list(endpoint),
            from: since.map(|since| since.to_string()),
            to: None,
            start,
            order: if since.is_some() { Order::OldestFirst } else { Order::NewestFirst },
        };
        self.places(part, usize::from(limit)).await
    }

    /// Reads any number of items, in batches.
    async fn read_many(&self, keys: &[Key]) -> Result<Items, StoreError> {
        let mut all = Items::default();
        for batch in keys.chunks(BATCH_KEYS) {
            all.extend(self.read(batch.iter().cloned()).await?);
        }
        Ok(all)
    }

    /// Marks a delivery as pending now. Returns `false` if another writer updated it in between.
    pub(crate) async fn mark_again(&self, delivery: &Delivery, seen: u64, now: Timestamp) -> Result<bool, StoreError> {
        let after = delivery.clone().again(now);
        let due = (Due::of_message(now), keys::due_shard_of(after.conversation));
        let update = self.revise(Revision {
            key: &keys::delivery(after.conversation, after.log_number, after.endpoint),
            data: to_json(&after)?,
            seen,
            conditional: true,
            due: Some(due),
            head_until: None,
            nonce: None,
        })?;
        Ok(matches!(self.update(update).await?, Written::Done))
    }
}

impl Store {
    /// Redelivers an event at once, whatever the delivery's state.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if an attempt ended at the same moment. Otherwise any [`StoreError`].
    pub async fn redeliver(
        &self,
        scope: &Scope,
        endpoint: EndpointId,
        conversation: ConversationId,
        log_number: u64,
    ) -> Result<Redelivery, StoreError> {
        let table = &self.table;
        let key = keys::delivery(conversation, log_number, endpoint);
        let items = table.read_many(&with_entries(std::slice::from_ref(&key))).await?;
        let Some(found) = logged(&key, &items)? else { return Ok(Redelivery::Missing) };
        let now = table.now();
        if !table.mark_again(&found.delivery, version(&items, &key), now).await? {
            return Err(StoreError::Conflict);
        }
        self.enqueue_deliveries(&[job(scope, &found.delivery)]).await;
        let delivery = found.delivery.again(now);
        Ok(Redelivery::Again(Box::new(LoggedDelivery { delivery, ..found })))
    }

    /// Redelivers the failed ones among an endpoint's deliveries. Examines at most `limit` deliveries, oldest first,
    /// from `since`.
    ///
    /// # Errors
    /// [`StoreError`]. Deliveries that were marked before the error are sent all the same.
    pub async fn redeliver_failed(
        &self,
        scope: &Scope,
        endpoint: EndpointId,
        since: Timestamp,
        limit: u8,
    ) -> Result<Redelivered, StoreError> {
        let table = &self.table;
        let places = table.delivery_places(endpoint, None, Some(since), limit).await?;
        let keys: Vec<Key> = places.places.iter().map(|found| found.key.clone()).collect();
        let items = table.read_many(&keys).await?;
        let mut failed = Vec::new();
        for key in &keys {
            let Some(item) = items.get(key) else { continue };
            let delivery: Option<Delivery> = noted(from_item("delivery", item), item);
            if let Some(delivery) = delivery.filter(|delivery| delivery.state == State::Exhausted) {
                failed.push((delivery, version(&items, key)));
            }
        }
        let now = table.now();
        let marks = join_all(failed.iter().map(|(delivery, seen)| table.mark_again(delivery, *seen, now))).await;
        let mut jobs = Vec::new();
        let mut failure = None;
        for ((delivery, _), marked) in failed.iter().zip(marks) {
            match marked {
                Ok(true) => jobs.push(job(scope, delivery)),
                // Another request redelivered it, or it was delivered in between.
                Ok(false) => {}
                Err(error) => failure = Some(error),
            }
        }
        self.enqueue_deliveries(&jobs).await;
        if let Some(error) = failure {
            return Err(error);
        }
        let last = places.last().filter(|_| places.has_more);
        let last = last.and_then(|place| Timestamp::parse(place.split_once('#')?.0).ok());
        Ok(Redelivered { count: u32::try_from(jobs.len()).unwrap_or(u32::MAX), more_from: last })
    }
}

/// Returns the keys of deliveries and of the log entries with their events.
fn with_entries(deliveries: &[Key]) -> Vec<Key> {
    deliveries.iter().cloned().chain(deliveries.iter().filter_map(entry_key)).collect()
}

fn entry_key(delivery: &Key) -> Option<Key> {
    let number = delivery.sk.split('#').nth(1)?;
    Some(Key { pk: delivery.pk.clone(), sk: format!("{}{number}", keys::LOG_PREFIX) })
}

fn logged(key: &Key, items: &Items) -> Result<Option<LoggedDelivery>, StoreError> {
    let Some(item) = items.get(key) else { return Ok(None) };
    let delivery = from_item("delivery", item)?;
    let entry = entry_key(key).map(|entry| items.read("log entry", &entry)).transpose()?.flatten();
    // Deliveries whose log entry has expired are no longer listed.
    Ok(entry.map(|entry| LoggedDelivery { delivery, entry }))
}

fn version(items: &Items, key: &Key) -> u64 {
    items.get(key).and_then(|item| get_number(item, VERSION)).unwrap_or(0)
}

fn job(scope: &Scope, delivery: &Delivery) -> DeliveryJob {
    DeliveryJob {
        v: MESSAGE_VERSION,
        conversation: delivery.conversation,
        scope: scope.clone(),
        log_number: delivery.log_number,
        endpoint: delivery.endpoint,
    }
}
