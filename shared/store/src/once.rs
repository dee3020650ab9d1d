//! Making something once for an idempotency key, where what is made is not found by that key itself.

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

/// What an idempotency key stands for.
#[derive(Clone, Debug)]
pub struct Remembered {
    key: Key,
    data: What,
}

/// What was asked for, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct What {
    /// The fingerprint of the request.
    pub fingerprint: String,
    /// The id of what was made.
    pub target: String,
}

impl Remembered {
    /// What this key stands for from now on.
    pub fn new(
        scope: &Scope,
        operation: Operation,
        idempotency_key: &str,
        fingerprint: String,
        target: String,
    ) -> Self {
        let key = Self::key(scope, operation, idempotency_key);
        Self { key, data: What { fingerprint, target } }
    }

    /// What was asked for where an endpoint was made. It outlives the endpoint, so that a replay makes no second one. An endpoint's
    /// id follows from its request's key, and stands for that.
    pub(crate) fn endpoint(scope: &Scope, endpoint: &Endpoint) -> Self {
        let data = What { fingerprint: endpoint.fingerprint.clone(), target: endpoint.id.to_string() };
        Self { key: Self::endpoint_key(scope, endpoint.id), data }
    }

    /// Where that stands in the table.
    pub fn endpoint_key(scope: &Scope, id: EndpointId) -> Key {
        keys::remembered_operation(scope, Operation::CreateWebhook, &id.to_string())
    }

    pub(crate) fn item(&self) -> Result<Item, StoreError> {
        item::item(&self.key, &self.data)
    }

    /// Where it stands in the table.
    pub fn key(scope: &Scope, operation: Operation, idempotency_key: &str) -> Key {
        keys::remembered_operation(scope, operation, &key_digest(idempotency_key))
    }
}

impl Items {
    /// What an idempotency key stands for, where that was read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it cannot be read.
    pub fn remembered(
        &self,
        scope: &Scope,
        operation: Operation,
        idempotency_key: &str,
    ) -> Result<Option<What>, StoreError> {
        self.read("idempotency key", &Remembered::key(scope, operation, idempotency_key))
    }
}

/// What came of making something.
#[derive(Debug)]
pub enum Made {
    /// It is new.
    Fresh,
    /// This was made under the same idempotency key before.
    Before(What),
    /// There is one of this name already.
    Taken,
}

impl Table {
    /// Writes something new, unless the idempotency key was used before. The first of `writes` is refused where there is
    /// one of this name already.
    pub(crate) async fn make_once(
        &self,
        remembered: Option<&Remembered>,
        writes: Vec<TransactWriteItem>,
    ) -> Result<Made, StoreError> {
        let mut all = Vec::new();
        if let Some(remembered) = remembered {
            all.push(transact_put(self.put_of(remembered.item()?, Some(MUST_BE_NEW))?));
        }
        let first = all.len();
        all.extend(writes);
        match self.transact(all).await? {
            Written::Done => Ok(Made::Fresh),
            Written::Refused { position, .. } if position >= first => Ok(Made::Taken),
            Written::Refused { item, .. } => from_item("idempotency key", &item).map(Made::Before),
        }
    }
}
