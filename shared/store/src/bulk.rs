//! Bulk requests. The request has an item, and so has each of its items that was refused. The record of an accepted
//! item is its call.

use std::collections::BTreeMap;

use domain::ids::{ConversationId, Scope};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, from_item, get_text};
use crate::keys::{self, SK};
use crate::table::Table;
use crate::unreadable::noted;
use crate::write::{MUST_BE_NEW, Written};

/// Bulk request, without its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bulk {
    /// Id of the request. The ids of its calls are derived from it.
    pub id: ConversationId,
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Number of items in the request.
    pub items: usize,
    /// Time at which the request was first stored.
    pub created_at: Timestamp,
}

/// Item of a bulk request that was refused. A refusal is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRefusal {
    /// Index of the item in the request.
    pub index: u32,
    /// Error code, for programs.
    pub code: String,
    /// Error message, for people.
    pub message: String,
}

impl Table {
    /// Stores a bulk request. Returns the stored request instead if there is one with its id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_bulk(&self, scope: &Scope, bulk: &Bulk) -> Result<Option<Bulk>, StoreError> {
        let put = self.put_of(item::item(&keys::bulk(scope, bulk.id), bulk)?, Some(MUST_BE_NEW))?;
        match self.put(put).await? {
            Written::Done => Ok(None),
            Written::Refused { item: old, .. } => from_item("bulk request", &old).map(Some),
        }
    }

    /// Stores the refusal of an item. The first stored refusal of an item stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refuse_bulk_item(
        &self,
        scope: &Scope,
        bulk: ConversationId,
        refusal: &BulkRefusal,
    ) -> Result<(), StoreError> {
        let key = keys::bulk_refusal(scope, bulk, refusal.index);
        self.put(self.put_of(item::item(&key, refusal)?, Some(MUST_BE_NEW))?).await.map(drop)
    }

    /// Returns the refused items of a bulk request by their indexes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bulk_refusals(
        &self,
        scope: &Scope,
        bulk: ConversationId,
    ) -> Result<BTreeMap<u32, BulkRefusal>, StoreError> {
        let mut found = BTreeMap::new();
        let mut start = None;
        loop {
            let pk = keys::bulk(scope, bulk).pk;
            let (page, next) = self.partition(pk, keys::BULK_REFUSAL_PREFIX, start, None).await?;
            for item in &page {
                // An unreadable item was refused all the same. A replay must not accept it.
                let place = get_text(item, SK).and_then(|sk| sk.rsplit('#').next()?.parse().ok());
                let unreadable = || {
                    let message = "why it was refused cannot be read any more".to_owned();
                    Some(BulkRefusal { index: place?, code: "internal_error".to_owned(), message })
                };
                let refusal = noted(from_item("refused item", item), item).or_else(unreadable);
                found.extend(refusal.map(|refusal: BulkRefusal| (refusal.index, refusal)));
            }
            start = next;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}
