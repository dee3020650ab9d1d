//! Writes of the operator: organizations, keys, agents, suppression.

use domain::agent::Agent;
use domain::ids::{OrganizationId, Scope};
use domain::key::{ApiKey, RawKey};
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::suppression::Suppression;

use crate::endpoints::organization_item;
use crate::error::StoreError;
use crate::item;
use crate::keys;
use crate::table::Table;
use crate::write::{Written, transact_put};

impl Table {
    /// Creates an organization. Returns `false` if one with this id exists, which is left unchanged.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_organization(&self, organization: &Organization) -> Result<bool, StoreError> {
        let put = self.put_of(organization_item(organization)?, Some("attribute_not_exists(pk)"))?;
        Ok(matches!(self.put(put).await?, Written::Done))
    }

    /// Stores a key under its digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_api_key(&self, raw: &RawKey, key: &ApiKey) -> Result<(), StoreError> {
        self.put(self.put_of(item::item(&keys::api_key(raw), key)?, None)?).await.map(drop)
    }

    /// Stores an agent, replacing any earlier one, and the names by which other vendors' clients find it. Names that
    /// the agent no longer bears are not deleted. Callers that resolve a name must check that the agent still bears it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_agent(&self, organization: &OrganizationId, agent: &Agent) -> Result<(), StoreError> {
        let scope = Scope { organization: organization.clone(), mode: agent.stored_as() };
        let made = item::item(&keys::agent(&scope, agent.id), agent)?;
        let mut writes = vec![transact_put(self.put_of(made, None)?)];
        writes.extend(self.alias_writes(organization, agent)?);
        self.transact(writes).await.map(drop)
    }

    /// Puts a number on a scope's do-not-call list, in this form alone, replacing any earlier entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suppress(&self, scope: &Scope, number: &PhoneNumber, entry: &Suppression) -> Result<(), StoreError> {
        self.put(self.put_of(item::item(&keys::suppression(scope, number), entry)?, None)?).await.map(drop)
    }
}
