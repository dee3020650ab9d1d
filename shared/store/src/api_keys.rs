//! API keys: an item each, under the key's digest. What is revoked stays, so that its owner sees that it is.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::Update;
use domain::audit::AuditEntry;
use domain::ids::Scope;
use domain::key::{ApiKey, KeyId, RawKey};
use domain::time::{Span, Timestamp};

use crate::backoff::Backoff;
use crate::endpoints::Edited;
use crate::error::StoreError;
use crate::item::{self, DATA, Item, from_item, get_number, get_text, text, to_json};
use crate::keys::{self, Key, SK};
use crate::once::{Made, Remembered};
use crate::read::Items;
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put, transact_update};

/// The attribute that says when a key was last used. Beside the item's text, so that noting it takes no revocation back.
pub(crate) const LAST_USED_AT: &str = "lastUsedAt";

/// A key's use is noted once in this time: a write for every request would cost as much as the request.
pub const USE_IS_NOTED_EVERY: Span = Span::hours(1);

/// Keys that are read at once where all are wanted.
const LARGE_PAGE: u8 = 100;

/// So often all keys are looked through for more of a key's descendants: each time none of those found before makes another.
const MOST_PASSES: usize = 20;

/// A key as its owner sees it.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// What it is spoken of by.
    pub id: KeyId,
    /// What it may do, and for how long.
    pub key: ApiKey,
    /// When it was last used, give or take [`USE_IS_NOTED_EVERY`].
    pub last_used_at: Option<Timestamp>,
}

impl Items {
    /// When a key was last used, by its item, where that was read.
    pub fn last_used_at(&self, key: &RawKey) -> Option<Timestamp> {
        self.get(&keys::api_key(key)).and_then(|item| get_number(item, LAST_USED_AT)).map(Timestamp::from_milliseconds)
    }
}

impl Table {
    /// Makes a key. What was asked for under the same idempotency key before is made only once. `with` is the place of the key
    /// that it is made with, and what was read: where that has changed since, by its revocation, the answer is [`Made::Taken`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_api_key(
        &self,
        raw: &RawKey,
        key: &ApiKey,
        remembered: Option<&Remembered>,
        with: Option<(&Key, &Items)>,
        audit: &AuditEntry,
    ) -> Result<Made, StoreError> {
        let made = transact_put(self.put_of(item::item(&keys::api_key(raw), key)?, Some(MUST_BE_NEW))?);
        let mut writes = vec![made, self.audit_write(&raw.scope().organization, audit)?];
        if let Some((place, items)) = with {
            let seen = items.get(place).and_then(|item| get_text(item, DATA)).unwrap_or_default();
            writes.push(self.must_be_unchanged(place, seen)?);
        }
        self.make_once(remembered, writes).await
    }

    /// A key of a scope; `None` where there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_key(&self, scope: &Scope, id: &KeyId) -> Result<Option<StoredKey>, StoreError> {
        self.api_key_item(scope, id).await?.map(|item| stored(&item)).transpose()
    }

    async fn api_key_item(&self, scope: &Scope, id: &KeyId) -> Result<Option<Item>, StoreError> {
        let prefix = format!("{}{}", keys::api_key_prefix(scope.mode), id.digest_prefix());
        let pk = keys::organization(&scope.organization).pk;
        let (found, _) = self.partition(pk, &prefix, None, Some(1)).await?;
        Ok(found.into_iter().next())
    }

    /// A part of a scope's keys, behind the one with this place: at most `limit`, and the place of the last one where
    /// there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn api_keys(
        &self,
        scope: &Scope,
        start: Option<&str>,
        limit: u8,
    ) -> Result<(Vec<StoredKey>, Option<String>), StoreError> {
        let pk = keys::organization(&scope.organization).pk;
        let start = start.map(|place| item::key_attributes(&Key { pk: pk.clone(), sk: place.to_owned() }));
        let prefix = keys::api_key_prefix(scope.mode);
        let (found, next) = self.listed((pk, &prefix), start, limit, stored).await?;
        Ok((found, next.and_then(|key| get_text(&key, SK).map(str::to_owned))))
    }

    /// Revokes a key. From the moment this is done it opens nothing: keys are read consistently. Revoking twice changes
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_api_key(
        &self,
        scope: &Scope,
        id: &KeyId,
        audit: &AuditEntry,
    ) -> Result<Edited<StoredKey, ()>, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let Some(item) = self.api_key_item(scope, id).await? else { return Ok(Edited::Missing) };
            let mut found = stored(&item)?;
            if found.key.revoked_at.is_some() {
                return Ok(Edited::Done(Box::new(found)));
            }
            let seen = get_text(&item, DATA).unwrap_or_default();
            found.key.revoked_at = Some(audit.at);
            let pk = keys::organization(&scope.organization).pk;
            let key = Key { pk, sk: get_text(&item, SK).unwrap_or_default().to_owned() };
            let update = Update::builder()
                .table_name(self.name())
                .set_key(Some(item::key_attributes(&key)))
                .update_expression("SET #data = :data")
                .condition_expression("#data = :seen")
                .expression_attribute_names("#data", DATA)
                .expression_attribute_values(":data", text(to_json(&found.key)?))
                .expression_attribute_values(":seen", text(seen))
                .build()
                .map_err(|error| StoreError::aws("UpdateItem", error))?;
            let writes = vec![transact_update(update), self.audit_write(&scope.organization, audit)?];
            match self.transact(writes).await? {
                Written::Done => return Ok(Edited::Done(Box::new(found))),
                Written::Refused { .. } if backoff.wait().await => {}
                Written::Refused { .. } => return Err(StoreError::Conflict),
            }
        }
    }

    /// Revokes every key that was made with this one, directly or not, and opens something yet; gives how many those were. The
    /// key itself is revoked before: what is revoked makes no other key, so nothing is made behind this one's back for good.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Conflict`] where more were made all the while. Asked again, it goes on.
    pub async fn revoke_descendants(
        &self,
        scope: &Scope,
        id: &KeyId,
        entry: impl Fn(&KeyId) -> AuditEntry,
    ) -> Result<usize, StoreError> {
        let mut revoked = 0;
        for _ in 0..MOST_PASSES {
            let all = self.all_api_keys(scope).await?;
            let descendants = descendants(id, &all);
            let open: Vec<&StoredKey> = descendants.into_iter().filter(|key| key.key.revoked_at.is_none()).collect();
            if open.is_empty() {
                return Ok(revoked);
            }
            for key in open {
                self.revoke_api_key(scope, &key.id, &entry(&key.id)).await?;
                revoked += 1;
            }
        }
        Err(StoreError::Conflict)
    }

    /// Every key of a scope.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn all_api_keys(&self, scope: &Scope) -> Result<Vec<StoredKey>, StoreError> {
        let (mut all, mut start) = (Vec::new(), None);
        loop {
            let (mut page, next) = self.api_keys(scope, start.as_deref(), LARGE_PAGE).await?;
            all.append(&mut page);
            match next {
                Some(next) => start = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Notes that a key is being used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_key_used(&self, key: &RawKey, now: Timestamp) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::api_key(key))))
            .update_expression("SET #used = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#used", LAST_USED_AT)
            .expression_attribute_values(":now", item::moment(now))
            .build()
            .map_err(|error| StoreError::aws("UpdateItem", error))?;
        self.update(update).await.map(drop)
    }
}

/// The keys that were made with this one, directly or not.
fn descendants<'a>(id: &KeyId, all: &'a [StoredKey]) -> Vec<&'a StoredKey> {
    let mut children: BTreeMap<&KeyId, Vec<&StoredKey>> = BTreeMap::new();
    for key in all {
        if let Some(parent) = &key.key.made_with {
            children.entry(parent).or_default().push(key);
        }
    }
    let mut found = children.remove(id).unwrap_or_default();
    let mut seen = 0;
    while let Some(key) = found.get(seen).copied() {
        found.extend(children.remove(&key.id).unwrap_or_default());
        seen += 1;
    }
    found
}

fn stored(item: &Item) -> Result<StoredKey, StoreError> {
    let sk = get_text(item, SK).unwrap_or_default();
    let digest = sk.rsplit('#').next().unwrap_or_default();
    Ok(StoredKey {
        id: KeyId::of_digest(digest),
        key: from_item("API key", item)?,
        last_used_at: get_number(item, LAST_USED_AT).map(Timestamp::from_milliseconds),
    })
}
