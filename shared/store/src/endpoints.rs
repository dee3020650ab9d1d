//! Webhook endpoints. Each has an item, and an entry in its organization's item. Both change in one transaction.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use domain::audit::AuditEntry;
use domain::endpoint::{Endpoint, Failing};
use domain::ids::{EndpointId, Mode, Scope};
use domain::organization::Organization;
use domain::subscription::{MAX_ENDPOINTS, Subscription};
use domain::time::Timestamp;

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{self, DATA, Item, VERSION, from_item, get_number, number, text, to_json};
use crate::keys;
use crate::once::{IdempotencyEntry, IdempotencyRecord};
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put, transact_update};

/// Attribute with the time since which an endpoint has been failing. It is separate from the item's JSON text, so that
/// setting it never undoes a concurrent change by the owner.
const FAILING_SINCE: &str = "failingSince";

/// Attribute with the time of the endpoint's last recorded failure.
const FAILED_AT: &str = "failedAt";

/// Result of creating an endpoint.
#[derive(Debug)]
pub enum Creation {
    /// The endpoint is new.
    Fresh,
    /// An endpoint with this id exists already.
    Existing(Box<Endpoint>),
    /// An endpoint with this id existed and was deleted.
    Deleted(IdempotencyEntry),
    /// The organization has the largest allowed number of endpoints in this mode.
    TooMany,
}

/// Result of an edit.
#[derive(Debug)]
pub enum Edited<T, E> {
    /// The edit succeeded. Carries the new state.
    Done(Box<T>),
    /// There is no such object.
    Missing,
    /// The edit is not allowed. Nothing was written.
    Refused(E),
}

/// Endpoint with its organization, read together.
pub(crate) struct Owned {
    pub(crate) organization: Organization,
    pub(crate) version: u64,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) failing: Option<Failing>,
}

impl Table {
    /// Creates an endpoint. It receives the events that happen from now on.
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
            let remembered = IdempotencyRecord::endpoint(scope, endpoint).item()?;
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

    /// Changes an endpoint. `edit` runs again if another writer was faster.
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

    /// Deletes an endpoint. Its pending deliveries are cancelled when their next attempt is due. Returns `false` if
    /// there is no such endpoint.
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
            // Endpoints that were created before November 2026 have no stored request yet.
            let remembered = transact_put(self.put_of(IdempotencyRecord::endpoint(scope, &endpoint).item()?, None)?);
            let writes = vec![delete, remembered, self.audit_write(&scope.organization, audit)?];
            if self.change_with_owner(&organization, version, writes).await? {
                return Ok(true);
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Returns the request that created an endpoint with this id, if there was one.
    async fn made_before(&self, scope: &Scope, id: EndpointId) -> Result<Option<IdempotencyEntry>, StoreError> {
        let key = IdempotencyRecord::endpoint_key(scope, id);
        self.read([key.clone()]).await?.read("idempotency key", &key)
    }

    /// Returns at most `limit` endpoints of a scope behind the endpoint `after`, and reports if there are more.
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

    /// Records a failed attempt of an endpoint: the beginning of a failure or its continuation.
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
        // If several workers record it at the same time, one write suffices. A recovery that was recorded since stays.
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

    /// Clears the failure of an endpoint.
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

    /// Reads an endpoint and its organization. Returns `None` if there is no such organization.
    pub(crate) async fn endpoint_with_owner(&self, scope: &Scope, id: EndpointId) -> Result<Option<Owned>, StoreError> {
        let (owner_key, key) = (keys::organization(&scope.organization), keys::endpoint(scope, id));
        let items = self.read([owner_key.clone(), key.clone()]).await?;
        let Some(owner) = items.get(&owner_key) else { return Ok(None) };
        let version = get_number(owner, VERSION).unwrap_or(0);
        let endpoint = items.read("endpoint", &key)?;
        let failing = items.get(&key).and_then(failing);
        Ok(Some(Owned { organization: from_item("organization", owner)?, version, endpoint, failing }))
    }

    /// Writes an organization and further writes in one transaction. Returns `false` if the organization was changed in
    /// between.
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

    /// Builds the update of an endpoint's settings. The recorded failure stays unless the endpoint is enabled again.
    /// With `failing_since`, the update requires that the endpoint has been failing since then.
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

/// Returns an endpoint's failure from its item. Older items have no time of the last failure; the beginning is returned
/// instead.
pub(crate) fn failing(item: &Item) -> Option<Failing> {
    let moment = |name| get_number(item, name).map(Timestamp::from_milliseconds);
    let since = moment(FAILING_SINCE)?;
    Some(Failing { since, last: moment(FAILED_AT).unwrap_or(since) })
}

fn subscription(mode: Mode, endpoint: &Endpoint) -> Subscription {
    Subscription { id: endpoint.id, mode, events: endpoint.events.clone(), enabled: endpoint.enabled }
}

/// Builds an organization's item for its first write.
pub(crate) fn organization_item(organization: &Organization) -> Result<Item, StoreError> {
    let mut made = item::item(&keys::organization(&organization.id), organization)?;
    made.insert(VERSION.to_owned(), number(1));
    Ok(made)
}
