//! Batch reads. A function reads everything it needs in one round trip.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::planted::{Bug, is_planted};
use serde::de::DeserializeOwned;

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{Item, from_item, is_expired, key_attributes, key_of, text};
use crate::keys::Key;
use crate::table::Table;

/// Time for which keys that DynamoDB left unprocessed are requested again, in milliseconds.
const PATIENCE_MS: u64 = 2_000;

/// Result of a batch read.
#[derive(Clone, Debug, Default)]
pub struct Items {
    found: HashMap<Key, Item>,
    asked: BTreeSet<Key>,
}

impl Items {
    /// Returns the item under this key, if there is one.
    pub fn get(&self, key: &Key) -> Option<&Item> {
        self.found.get(key)
    }

    /// Returns `true` if this key was requested. Without a request, an item is not known to be absent.
    pub fn covers(&self, key: &Key) -> bool {
        self.asked.contains(key)
    }

    /// Returns the part of the result under these keys.
    pub(crate) fn only(&self, keys: &[Key]) -> Self {
        let found = keys.iter().filter_map(|key| Some((key.clone(), self.get(key)?.clone()))).collect();
        Self { found, asked: keys.iter().cloned().collect() }
    }

    /// Adds another result.
    pub(crate) fn extend(&mut self, more: Self) {
        self.found.extend(more.found);
        self.asked.extend(more.asked);
    }

    /// Decodes the item under this key, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the item cannot be decoded.
    pub fn read<T: DeserializeOwned>(&self, what: &'static str, key: &Key) -> Result<Option<T>, StoreError> {
        self.get(key).map(|item| from_item(what, item)).transpose()
    }
}

impl Table {
    /// Reads those keys that were not requested yet. Makes no round trip if all were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read_missing(&self, items: &mut Items, keys: impl IntoIterator<Item = Key>) -> Result<(), StoreError> {
        let missing: Vec<Key> = keys.into_iter().filter(|key| !items.covers(key)).collect();
        if !missing.is_empty() {
            let more = self.read(missing).await?;
            items.found.extend(more.found);
            items.asked.extend(more.asked);
        }
        Ok(())
    }

    /// Reads up to 100 items with strong consistency. An item that is not in the result does not exist or has expired.
    /// Unprocessed keys are requested again, and are an error after two seconds.
    ///
    /// # Errors
    /// [`StoreError::Unprocessed`], or [`StoreError::Aws`].
    pub async fn read(&self, keys: impl IntoIterator<Item = Key>) -> Result<Items, StoreError> {
        let asked: BTreeSet<Key> = keys.into_iter().collect();
        let mut wanted = asked.clone();
        let mut found = HashMap::with_capacity(wanted.len());
        let mut backoff = Backoff::new(self.clock(), PATIENCE_MS);
        let now = self.now();
        while !wanted.is_empty() {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted.iter().map(key_attributes).collect()))
                .consistent_read(true)
                .build()
                .map_err(|error| StoreError::aws("BatchGetItem", error))?;
            let answer = self
                .dynamodb()
                .batch_get_item()
                .request_items(self.name(), keys)
                .send()
                .await
                .map_err(|error| StoreError::aws("BatchGetItem", error))?;
            for item in answer.responses.unwrap_or_default().remove(self.name()).unwrap_or_default() {
                if let Some(key) = key_of(&item).filter(|_| !is_expired(&item, now)) {
                    found.insert(key, item);
                }
            }
            let kept_back = answer.unprocessed_keys.unwrap_or_default().remove(self.name());
            wanted = kept_back.into_iter().flat_map(|keys| keys.keys).filter_map(|key| key_of(&key)).collect();
            if is_planted(Bug::UnprocessedIsAbsent) {
                break;
            }
            if !wanted.is_empty() && !backoff.wait().await {
                return Err(StoreError::Unprocessed);
            }
        }
        Ok(Items { found, asked })
    }

    /// Opens the connection by a read of a missing item. A failure is only logged, because the next request reports it
    /// too.
    pub async fn warm_up(&self) {
        if let Err(error) = self.read([Key { pk: "warm-up".to_owned(), sk: "warm-up".to_owned() }]).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "no connection to the table yet");
        }
    }

    /// Returns a page of a partition in order, with strong consistency: the items behind `start` whose sort keys begin
    /// with `prefix`. An empty prefix matches all. Also returns the key at which the next page begins, if there is one.
    /// Without a limit, a page is what DynamoDB reads in one request.
    pub(crate) async fn partition(
        &self,
        pk: String,
        prefix: &str,
        start: Option<Item>,
        limit: Option<u8>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let mut start = start;
        loop {
            let query = self.partition_query(pk.clone(), prefix).set_limit(limit.map(i32::from));
            let answer = query.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::aws("Query", error))?;
            let (found, next) = (self.kept(answer.items), answer.last_evaluated_key);
            // Items that have not expired may follow a page of expired ones.
            if !found.is_empty() || next.is_none() {
                return Ok((found, next));
            }
            start = next;
        }
    }

    /// Returns the items that have not expired.
    fn kept(&self, found: Option<Vec<Item>>) -> Vec<Item> {
        let now = self.now();
        found.unwrap_or_default().into_iter().filter(|item| !is_expired(item, now)).collect()
    }

    /// Returns the last items of a partition, at most `limit`, in reverse order.
    pub(crate) async fn partition_end(&self, pk: String, prefix: &str, limit: u8) -> Result<Vec<Item>, StoreError> {
        let query = self.partition_query(pk, prefix).set_limit(Some(i32::from(limit))).scan_index_forward(false);
        let answer = query.send().await.map_err(|error| StoreError::aws("Query", error))?;
        Ok(self.kept(answer.items))
    }

    /// Returns a page of a partition in reverse order: the items before `start` whose sort keys begin with `prefix`.
    pub(crate) async fn partition_backwards(
        &self,
        pk: String,
        prefix: &str,
        start: Option<Item>,
        limit: u8,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let query = self.partition_query(pk, prefix).set_limit(Some(i32::from(limit))).set_exclusive_start_key(start);
        let answer = query.scan_index_forward(false).send().await.map_err(|error| StoreError::aws("Query", error))?;
        Ok((self.kept(answer.items), answer.last_evaluated_key))
    }

    fn partition_query(&self, pk: String, prefix: &str) -> QueryFluentBuilder {
        let mut values = Item::from([(":pk".to_owned(), text(pk))]);
        let condition = if prefix.is_empty() { "pk = :pk" } else { "pk = :pk AND begins_with(sk, :prefix)" };
        if !prefix.is_empty() {
            values.insert(":prefix".to_owned(), text(prefix));
        }
        self.dynamodb()
            .query()
            .table_name(self.name())
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .consistent_read(true)
    }
}
