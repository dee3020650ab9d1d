//! Webhook endpoints: an item each, and a place in their organization's item, changed together.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use domain::audit::AuditEntry;
use domain::endpoint::{Endpoint, Failing};
use domain::ids::{EndpointId, Mode, Scope};
use domain::organization::{MAX_ENDPOINTS, Organization, Subscription};
use domain::time::Timestamp;

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{self, DATA, Item, VERSION, from_item, get_number, number, text, to_json};
use crate::keys;
use crate::once::{Remembered, What};
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put, transact_update};

/// The attribute that says since when an endpoint has been failing. Beside the item's text, so that marking it takes
/// nothing back that its owner changes at the same time.
const FAILING_SINCE: &str = "failingSince";

/// The attribute that says when an endpoint failed last, beside that one.
const FAILED_AT: &str = "failedAt";

/// What came of making an endpoint.
#[derive(Debug)]
pub enum Creation {
    /// It is new.
    Fresh,
    /// There is one under this id already.
    Existing(Box<Endpoint>),
    /// There was one under this id, which was deleted.
    Deleted(What),
    /// The organization has as many as it may.
    TooMany,
}

/// What came of changing something.
#[derive(Debug)]
pub enum Edited<T, E> {
    /// It was changed, to this.
    Done(Box<T>),
    /// There is no such thing.
    Missing,
    /// It may not be changed so. Nothing was written.
    Refused(E),
}

/// An endpoint with its owner, as read together.
pub(crate) struct Owned {
    pub(crate) organization: Organization,
    pub(crate) version: u64,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) failing: Option<Failing>,
}

impl Table {
    /// Makes an endpoint. It gets the events that happen from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_endpoint(
        &self,
        scope: &Scope,
        endpoint: &Endpoint,
        audit: &AuditEntry,
    ) -> Result<Creation, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        let mut is_first = true;
        loop {
            let Some(mut owned) = self.endpoint_with_owner(scope, endpoint.id).await? else {
                return Err(StoreError::corrupt("organization", "it is missing"));
            };
            if let Some(existing) = owned.endpoint {
                return Ok(Creation::Existing(Box::new(existing)));
            }
            let made_before = if is_first { None } else { self.made_before(scope, endpoint.id).await? };
            if let Some(made) = made_before {
                return Ok(Creation::Deleted(made));
            }
            is_first = false;
            if owned.organization.endpoints.iter().filter(|other| other.mode == scope.mode).count() >= MAX_ENDPOINTS {
                return Ok(Creation::TooMany);
            }
            owned.organization.endpoints.push(subscription(scope.mode, endpoint));
            let made = transact_put(self.put_of(item::item(&keys::endpoint(scope, endpoint.id), endpoint)?, None)?);
            let remembered = Remembered::endpoint(scope, endpoint).item()?;
            let remembered = transact_put(self.put_of(remembered, Some(MUST_BE_NEW))?);
            let writes = vec![made, remembered, self.audit_write(&scope.organization, audit)?];
            if self.change_with_owner(&owned.organization, owned.version, writes).await? {
                return Ok(Creation::Fresh);
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Changes an endpoint. `edit` is asked again where somebody else was quicker.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn edit_endpoint<E>(
        &self,
        scope: &Scope,
        id: EndpointId,
        audit: &AuditEntry,
        edit: impl Fn(&mut Endpoint) -> Result<(), E>,
    ) -> Result<Edited<Endpoint, E>, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let Some(Owned { mut organization, version, endpoint: Some(before), .. }) =
                self.endpoint_with_owner(scope, id).await?
            else {
                return Ok(Edited::Missing);
            };
            let mut after = before.clone();
            if let Err(refusal) = edit(&mut after) {
                return Ok(Edited::Refused(refusal));
            }
            if after == before {
                return Ok(Edited::Done(Box::new(after)));
            }
            for entry in organization.endpoints.iter_mut().filter(|entry| entry.id == id) {
                *entry = subscription(scope.mode, &after);
            }
            let is_revived = after.enabled && !before.enabled;
            let update = transact_update(self.endpoint_update(scope, &after, is_revived, None)?);
            let writes = vec![update, self.audit_write(&scope.organization, audit)?];
            if self.change_with_owner(&organization, version, writes).await? {
                return Ok(Edited::Done(Box::new(after)));
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Deletes an endpoint; what was pending for it is cancelled when its turn comes. `false` where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_endpoint(&self, scope: &Scope, id: EndpointId, audit: &AuditEntry) -> Result<bool, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let Some(Owned { mut organization, version, endpoint: Some(endpoint), .. }) =
                self.endpoint_with_owner(scope, id).await?
            else {
                return Ok(false);
            };
            organization.endpoints.retain(|entry| entry.id != id);
            let delete = Delete::builder()
                .table_name(self.name())
                .set_key(Some(item::key_attributes(&keys::endpoint(scope, id))))
                .build()
                .map_err(|error| StoreError::aws("DeleteItem", error))?;
            let delete = TransactWriteItem::builder().delete(delete).build();
            // Those that were made before November 2026 have left no trace of their request yet.
            let remembered = transact_put(self.put_of(Remembered::endpoint(scope, &endpoint).item()?, None)?);
            let writes = vec![delete, remembered, self.audit_write(&scope.organization, audit)?];
            if self.change_with_owner(&organization, version, writes).await? {
                return Ok(true);
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// What was asked for where an endpoint of this id was made.
    async fn made_before(&self, scope: &Scope, id: EndpointId) -> Result<Option<What>, StoreError> {
        let key = Remembered::endpoint_key(scope, id);
        self.read([key.clone()]).await?.read("idempotency key", &key)
    }

    /// A scope's endpoints from `after` on, at most `limit`, and whether there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn endpoints(
        &self,
        scope: &Scope,
        after: Option<EndpointId>,
        limit: u8,
    ) -> Result<(Vec<Endpoint>, bool), StoreError> {
        let prefix = keys::endpoint_prefix(scope.mode);
        let start = after.map(|id| item::key_attributes(&keys::endpoint(scope, id)));
        let pk = keys::organization(&scope.organization).pk;
        let (found, next) = self.listed((pk, &prefix), start, limit, |item| from_item("endpoint", item)).await?;
        Ok((found, next.is_some()))
    }

    /// Notes that an endpoint failed: that a failure begins now, or that it goes on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_endpoint_failing(
        &self,
        scope: &Scope,
        id: EndpointId,
        before: Option<Failing>,
        begins: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let set = if begins { "SET #since = :now, #at = :now" } else { "SET #at = :now" };
        // Of several that note it at the same time one is enough; and what was noted of its being well stays.
        let condition = match before {
            None => "attribute_exists(pk) AND attribute_not_exists(#since)",
            Some(_) => "attribute_exists(pk) AND #since = :seen",
        };
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::endpoint(scope, id))))
            .update_expression(set)
            .condition_expression(condition)
            .expression_attribute_names("#since", FAILING_SINCE)
            .expression_attribute_names("#at", FAILED_AT)
            .expression_attribute_values(":now", item::moment(now));
        if let Some(Failing { since, .. }) = before {
            update = update.expression_attribute_values(":seen", item::moment(since));
        }
        let update = update.build().map_err(|error| StoreError::aws("UpdateItem", error))?;
        self.update(update).await.map(drop)
    }

    /// Forgets that an endpoint was failing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_endpoint_well(&self, scope: &Scope, id: EndpointId) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::endpoint(scope, id))))
            .update_expression("REMOVE #since, #at")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#since", FAILING_SINCE)
            .expression_attribute_names("#at", FAILED_AT)
            .build()
            .map_err(|error| StoreError::aws("UpdateItem", error))?;
        self.update(update).await.map(drop)
    }

    /// An endpoint and its organization; `None` where there is no such organization.
    pub(crate) async fn endpoint_with_owner(&self, scope: &Scope, id: EndpointId) -> Result<Option<Owned>, StoreError> {
        let (owner_key, key) = (keys::organization(&scope.organization), keys::endpoint(scope, id));
        let items = self.read([owner_key.clone(), key.clone()]).await?;
        let Some(owner) = items.get(&owner_key) else { return Ok(None) };
        let version = get_number(owner, VERSION).unwrap_or(0);
        let endpoint = items.read("endpoint", &key)?;
        let failing = items.get(&key).and_then(failing);
        Ok(Some(Owned { organization: from_item("organization", owner)?, version, endpoint, failing }))
    }

    /// Writes an organization and what changes with it; `false` where the organization was changed in between.
    pub(crate) async fn change_with_owner(
        &self,
        organization: &Organization,
        version: u64,
        beside: Vec<TransactWriteItem>,
    ) -> Result<bool, StoreError> {
        let owner = transact_update(self.organization_update(organization, version)?);
        let written = self.transact(std::iter::once(owner).chain(beside).collect()).await?;
        Ok(matches!(written, Written::Done))
    }

    /// The update that writes an endpoint's settings. Whether it is failing stays noted, unless it is enabled anew. With
    /// `failing_since`, on the condition that it has been failing since then.
    pub(crate) fn endpoint_update(
        &self,
        scope: &Scope,
        endpoint: &Endpoint,
        is_revived: bool,
        failing_since: Option<Timestamp>,
    ) -> Result<Update, StoreError> {
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::endpoint(scope, endpoint.id))))
            .update_expression(if is_revived { "SET #data = :data REMOVE #since, #at" } else { "SET #data = :data" })
            .expression_attribute_names("#data", DATA)
            .expression_attribute_values(":data", text(to_json(endpoint)?));
        if is_revived {
            update = update.expression_attribute_names("#since", FAILING_SINCE);
            update = update.expression_attribute_names("#at", FAILED_AT);
        }
        if let Some(since) = failing_since {
            update = update
                .condition_expression("#since = :since")
                .expression_attribute_names("#since", FAILING_SINCE)
                .expression_attribute_values(":since", item::moment(since));
        }
        update.build().map_err(|error| StoreError::aws("UpdateItem", error))
    }

    pub(crate) fn organization_update(&self, organization: &Organization, version: u64) -> Result<Update, StoreError> {
        Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::organization(&organization.id))))
            .update_expression("SET #data = :data, #version = :next")
            .condition_expression("#version = :before")
            .expression_attribute_names("#data", DATA)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":data", text(to_json(organization)?))
            .expression_attribute_values(":before", number(version))
            .expression_attribute_values(":next", number(version + 1))
            .build()
            .map_err(|error| StoreError::aws("UpdateItem", error))
    }
}

/// An endpoint's failure, by its item. Of one that was noted before there was a note of the last time, only the beginning is known.
pub(crate) fn failing(item: &Item) -> Option<Failing> {
    let moment = |name| get_number(item, name).map(Timestamp::from_milliseconds);
    let since = moment(FAILING_SINCE)?;
    Some(Failing { since, last: moment(FAILED_AT).unwrap_or(since) })
}

fn subscription(mode: Mode, endpoint: &Endpoint) -> Subscription {
    Subscription { id: endpoint.id, mode, events: endpoint.events.clone(), enabled: endpoint.enabled }
}

/// An organization's item, as it is first written.
pub(crate) fn organization_item(organization: &Organization) -> Result<Item, StoreError> {
    let mut made = item::item(&keys::organization(&organization.id), organization)?;
    made.insert(VERSION.to_owned(), number(1));
    Ok(made)
}
