//! Bulk requests: an item for the request, and one for each of its items that was refused. An item that was accepted is
//! its call.

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

/// A bulk request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bulk {
    /// Its id, which its items' ids follow from.
    pub id: ConversationId,
    /// The fingerprint of the request.
    pub fingerprint: String,
    /// How many items it has.
    pub items: usize,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An item of a bulk request that was refused, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRefusal {
    /// Its place in the request.
    pub index: u32,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub message: String,
}

impl Table {
    /// Writes down a bulk request; gives the one that stands under its id already, where there is one.
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

    /// Writes down that an item was refused. The first word stands.
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

    /// The items of a bulk request that were refused, by their places.
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
                // One that cannot be read was refused all the same: whoever replays must not have it accepted.
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
