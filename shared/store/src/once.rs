//! Idempotent creation of objects that cannot be found by the idempotency key itself.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::endpoint::Endpoint;
use domain::ids::{EndpointId, Operation, Scope, key_digest};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, Item, from_item};
use crate::keys::{self, Key};
use crate::read::Items;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// Idempotency record: the item's key and its data.
#[derive(Clone, Debug)]
pub struct IdempotencyRecord {
    key: Key,
    data: IdempotencyEntry,
}

/// Data of an idempotency record: the request and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdempotencyEntry {
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Id of the created object.
    pub target: String,
}

impl IdempotencyRecord {
    /// Creates the record of an idempotency key.
    pub fn new(
        scope: &Scope,
        operation: Operation,
        idempotency_key: &str,
        fingerprint: String,
        target: String,
    ) -> Self {
        let key = Self::key(scope, operation, idempotency_key);
        Self { key, data: IdempotencyEntry { fingerprint, target } }
    }

    /// Creates the record of an endpoint's creation. It outlives the endpoint, so that a replay creates no second one.
    /// The endpoint's id is derived from the request's idempotency key and takes its place here.
    pub(crate) fn endpoint(scope: &Scope, endpoint: &Endpoint) -> Self {
        let data = IdempotencyEntry { fingerprint: endpoint.fingerprint.clone(), target: endpoint.id.to_string() };
        Self { key: Self::endpoint_key(scope, endpoint.id), data }
    }

    /// Returns the key of an endpoint's record.
    pub fn endpoint_key(scope: &Scope, id: EndpointId) -> Key {
        keys::remembered_operation(scope, Operation::CreateWebhook, &id.to_string())
    }

    pub(crate) fn item(&self) -> Result<Item, StoreError> {
        item::item(&self.key, &self.data)
    }

    /// Returns the key of an idempotency record.
    pub fn key(scope: &Scope, operation: Operation, idempotency_key: &str) -> Key {
        keys::remembered_operation(scope, operation, &key_digest(idempotency_key))
    }
}

impl Items {
    /// Returns the data of an idempotency record, if it was read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the record cannot be decoded.
    pub fn remembered(
        &self,
        scope: &Scope,
        operation: Operation,
        idempotency_key: &str,
    ) -> Result<Option<IdempotencyEntry>, StoreError> {
        self.read("idempotency key", &IdempotencyRecord::key(scope, operation, idempotency_key))
    }
}

/// Result of an idempotent creation.
#[derive(Debug)]
pub enum CreateOutcome {
    /// The object was created.
    Created,
    /// The idempotency key was used before. Carries the data of its record.
    Replayed(IdempotencyEntry),
    /// A condition of the object's writes failed, for example because an object with this name exists.
    NameTaken,
}

impl Table {
    /// Writes a new object unless the idempotency key was used before. `writes` must contain the condition that no object
    /// with this name exists.
    pub(crate) async fn make_once(
        &self,
        remembered: Option<&IdempotencyRecord>,
        writes: Vec<TransactWriteItem>,
    ) -> Result<CreateOutcome, StoreError> {
        let mut all = Vec::new();
        if let Some(remembered) = remembered {
            all.push(transact_put(self.put_of(remembered.item()?, Some(MUST_BE_NEW))?));
        }
        let first = all.len();
        all.extend(writes);
        match self.transact(all).await? {
            Written::Done => Ok(CreateOutcome::Created),
            Written::Refused { position, .. } if position >= first => Ok(CreateOutcome::NameTaken),
            Written::Refused { item, .. } => from_item("idempotency key", &item).map(CreateOutcome::Replayed),
        }
    }
}
