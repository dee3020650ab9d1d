//! API keys. Each has an item under the key's digest. Revoked keys are kept, so that their owner sees that they are
//! revoked.

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
use crate::once::{CreateOutcome, IdempotencyRecord};
use crate::read::Items;
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put, transact_update};

/// Attribute with the time at which a key was last used. It is separate from the item's JSON text, so that writing it
/// never undoes a revocation.
pub(crate) const LAST_USED_AT: &str = "lastUsedAt";

/// Interval at which a key's use is recorded. A write per request would cost as much as the request itself.
pub const USE_IS_NOTED_EVERY: Span = Span::hours(1);

/// Number of keys in one page when all keys are read.
const LARGE_PAGE: u8 = 100;

/// Largest number of passes over all keys when descendants are revoked. Every pass revokes all descendants that it
/// finds, so none of those creates another key.
const MOST_PASSES: usize = 20;

/// Key as its owner sees it.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Public id of the key.
    pub id: KeyId,
    /// Permissions, limits and lifetime of the key.
    pub key: ApiKey,
    /// Time at which the key was last used, to within [`USE_IS_NOTED_EVERY`].
    pub last_used_at: Option<Timestamp>,
}

impl Items {
    /// Returns the time at which a key was last used. The key's item must have been read.
    pub fn last_used_at(&self, key: &RawKey) -> Option<Timestamp> {
        self.get(&keys::api_key(key)).and_then(|item| get_number(item, LAST_USED_AT)).map(Timestamp::from_milliseconds)
    }
}

impl Table {
    /// Creates a key. A request that repeats an idempotency key creates none. `with` is the item key of the API key
    /// that creates this one, and the items that were read. If that parent has changed since, for example by its
    /// revocation, the result is [`CreateOutcome::NameTaken`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_api_key(
        &self,
        raw: &RawKey,
        key: &ApiKey,
        remembered: Option<&IdempotencyRecord>,
        with: Option<(&Key, &Items)>,
        audit: &AuditEntry,
    ) -> Result<CreateOutcome, StoreError> {
        let made = transact_put(self.put_of(item::item(&keys::api_key(raw), key)?, Some(MUST_BE_NEW))?);
        let mut writes = vec![made, self.audit_write(&raw.scope().organization, audit)?];
        if let Some((place, items)) = with {
            let seen = items.get(place).and_then(|item| get_text(item, DATA)).unwrap_or_default();
            writes.push(self.must_be_unchanged(place, seen)?);
        }
        self.make_once(remembered, writes).await
    }

    /// Returns a key of a scope, or `None` if there is none with this id.
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

    /// Returns at most `limit` keys of a scope, starting behind the sort key `start`. Also returns the last sort key if
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

    /// Revokes a key. The revocation takes effect at once, because keys are read consistently. Revoking a key twice
    /// changes nothing.
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

    /// Revokes all unrevoked keys that were created with this key, directly or indirectly, and returns their number.
    /// The caller revokes the key itself first. A revoked key creates no keys, so the set of descendants stops growing.
    ///
    /// # Errors
    /// [`StoreError`]. [`StoreError::Conflict`] if new descendants kept appearing during all passes. A repeated call
    /// continues the work.
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

    /// Returns all keys of a scope.
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

    /// Records that a key was used now.
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

/// Returns the keys that were created with this key, directly or indirectly.
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
