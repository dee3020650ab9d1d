//! Webhook endpoints: an item each, and a place in their organization's item, changed together.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use domain::ids::{EndpointId, Mode, Scope};
use domain::organization::{MAX_ENDPOINTS, Organization, Subscription};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, DATA, Item, VERSION, from_item, get_number, number, text, to_json};
use crate::keys;
use crate::table::Table;
use crate::write::{Written, transact_put, transact_update};

/// A webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The fingerprint of the request that made it.
    pub fingerprint: String,
    /// Where events go.
    pub url: String,
    /// The event types it gets.
    pub events: Vec<String>,
    /// The secrets that sign, newest first: two while one is being rotated.
    pub secrets: Vec<String>,
    /// Disabled endpoints get nothing.
    pub enabled: bool,
    /// Why it was disabled, where it was not its owner who did it.
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What came of making an endpoint.
#[derive(Debug)]
pub enum Creation {
    /// It is new.
    Fresh,
    /// There is one under this id already.
    Existing(Box<Endpoint>),
    /// The organization has as many as it may.
    TooMany,
}

enum Change<'a> {
    Made(&'a Endpoint),
    Disabled { id: EndpointId, reason: &'static str },
    Deleted(EndpointId),
}

impl Table {
    /// Makes an endpoint. It gets the events that happen from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_endpoint(&self, scope: &Scope, endpoint: &Endpoint) -> Result<Creation, StoreError> {
        loop {
            let Some((organization, version, found)) = self.endpoint_with_owner(scope, endpoint.id).await? else {
                return Err(StoreError::corrupt("organization", "it is missing"));
            };
            if let Some(existing) = found {
                return Ok(Creation::Existing(Box::new(existing)));
            }
            if organization.endpoints.iter().filter(|other| other.mode == scope.mode).count() >= MAX_ENDPOINTS {
                return Ok(Creation::TooMany);
            }
            if self.change_endpoint(scope, &organization, version, Change::Made(endpoint), None).await? {
                return Ok(Creation::Fresh);
            }
        }
    }

    /// Deletes an endpoint; what was pending for it is cancelled when its turn comes. `false` where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_endpoint(&self, scope: &Scope, id: EndpointId) -> Result<bool, StoreError> {
        loop {
            let Some((organization, version, found)) = self.endpoint_with_owner(scope, id).await? else {
                return Ok(false);
            };
            if found.is_none() {
                return Ok(false);
            }
            if self.change_endpoint(scope, &organization, version, Change::Deleted(id), None).await? {
                return Ok(true);
            }
        }
    }

    /// Disables an endpoint, with the reason on it. Nothing happens where it is gone or disabled already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn disable_endpoint(
        &self,
        scope: &Scope,
        id: EndpointId,
        reason: &'static str,
    ) -> Result<(), StoreError> {
        loop {
            let Some((organization, version, Some(found))) = self.endpoint_with_owner(scope, id).await? else {
                return Ok(());
            };
            let change = Change::Disabled { id, reason };
            if !found.enabled || self.change_endpoint(scope, &organization, version, change, Some(found)).await? {
                return Ok(());
            }
        }
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
        let (found, next) = self.partition(pk, &prefix, start, Some(limit)).await?;
        Ok((found.iter().map(|item| from_item("endpoint", item)).collect::<Result<_, _>>()?, next.is_some()))
    }

    async fn endpoint_with_owner(
        &self,
        scope: &Scope,
        id: EndpointId,
    ) -> Result<Option<(Organization, u64, Option<Endpoint>)>, StoreError> {
        let (owner_key, key) = (keys::organization(&scope.organization), keys::endpoint(scope, id));
        let items = self.read([owner_key.clone(), key.clone()]).await?;
        let Some(owner) = items.get(&owner_key) else { return Ok(None) };
        let version = get_number(owner, VERSION).unwrap_or(0);
        Ok(Some((from_item("organization", owner)?, version, items.read("endpoint", &key)?)))
    }

    /// Changes an endpoint and its organization together; `false` where the organization was changed in between.
    async fn change_endpoint(
        &self,
        scope: &Scope,
        before: &Organization,
        version: u64,
        change: Change<'_>,
        current: Option<Endpoint>,
    ) -> Result<bool, StoreError> {
        let mut organization = before.clone();
        let write = match change {
            Change::Made(endpoint) => {
                organization.endpoints.push(subscription(scope.mode, endpoint));
                transact_put(self.put_of(item::item(&keys::endpoint(scope, endpoint.id), endpoint)?, None)?)
            }
            Change::Disabled { id, reason } => {
                for entry in organization.endpoints.iter_mut().filter(|entry| entry.id == id) {
                    entry.enabled = false;
                }
                let Some(mut endpoint) = current else { return Ok(true) };
                endpoint.enabled = false;
                endpoint.disabled_reason = Some(reason.to_owned());
                endpoint.updated_at = self.now();
                transact_put(self.put_of(item::item(&keys::endpoint(scope, id), &endpoint)?, None)?)
            }
            Change::Deleted(id) => {
                organization.endpoints.retain(|entry| entry.id != id);
                let delete = Delete::builder()
                    .table_name(self.name())
                    .set_key(Some(item::key_attributes(&keys::endpoint(scope, id))))
                    .build()
                    .map_err(|error| StoreError::aws("DeleteItem", error))?;
                TransactWriteItem::builder().delete(delete).build()
            }
        };
        let update = self.organization_update(&organization, version)?;
        Ok(matches!(self.transact(vec![transact_update(update), write]).await?, Written::Done))
    }

    fn organization_update(&self, organization: &Organization, version: u64) -> Result<Update, StoreError> {
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

fn subscription(mode: Mode, endpoint: &Endpoint) -> Subscription {
    Subscription { id: endpoint.id, mode, events: endpoint.events.clone(), enabled: endpoint.enabled }
}

/// An organization's item, as it is first written.
pub(crate) fn organization_item(organization: &Organization) -> Result<Item, StoreError> {
    let mut made = item::item(&keys::organization(&organization.id), organization)?;
    made.insert(VERSION.to_owned(), number(1));
    Ok(made)
}
