//! Agents: an item each, with a version that counts its changes.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditEntry;
use domain::ids::{AgentId, OrganizationId};
use domain::organization::Agent;

use crate::error::StoreError;
use crate::item::{self, DATA, from_item, get_text};
use crate::keys;
use crate::once::{Made, Remembered};
use crate::read::Items;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, Written, transact_put};

impl Table {
    /// Makes an agent, unless there is one of its slug.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_agent(
        &self,
        organization: &OrganizationId,
        agent: &Agent,
        remembered: Option<&Remembered>,
        audit: &AuditEntry,
    ) -> Result<Made, StoreError> {
        let key = keys::agent(organization, agent.id);
        let made = transact_put(self.put_of(item::item(&key, agent)?, Some(MUST_BE_NEW))?);
        let mut writes = vec![made, self.audit_write(organization, audit)?];
        writes.extend(self.alias_writes(organization, agent)?);
        self.make_once(remembered, writes).await
    }

    /// The other names by which an agent is found. One that it bears no more is left: whoever reads it looks at the agent.
    pub(crate) fn alias_writes(
        &self,
        organization: &OrganizationId,
        agent: &Agent,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let alias = |alias: String| {
            let item = item::item(&keys::agent_alias(organization, &alias), &agent.id)?;
            Ok(transact_put(self.put_of(item, None)?))
        };
        agent.aliases().into_iter().map(alias).collect()
    }

    /// An agent; `None` where there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent(&self, organization: &OrganizationId, id: AgentId) -> Result<Option<Agent>, StoreError> {
        let key = keys::agent(organization, id);
        self.read([key.clone()]).await?.read("agent", &key)
    }

    /// An organization's agents from `after` on, at most `limit`, and whether there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agents(
        &self,
        organization: &OrganizationId,
        after: Option<AgentId>,
        limit: u8,
    ) -> Result<(Vec<Agent>, bool), StoreError> {
        let start = after.map(|id| item::key_attributes(&keys::agent(organization, id)));
        let pk = keys::organization(organization).pk;
        let (found, next) =
            self.listed((pk, keys::AGENT_PREFIX), start, limit, |item| from_item("agent", item)).await?;
        Ok((found, next.is_some()))
    }

    /// Writes an agent's next version, in place of the one that was read; `false` where that was changed in between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_agent(
        &self,
        organization: &OrganizationId,
        read: &Items,
        next: &Agent,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let key = keys::agent(organization, next.id);
        let seen = read.get(&key).and_then(|item| get_text(item, DATA)).unwrap_or_default();
        let put = transact_put(self.put_of_unchanged(item::item(&key, next)?, seen)?);
        let mut writes = vec![put, self.audit_write(organization, audit)?];
        writes.extend(self.alias_writes(organization, next)?);
        let written = self.transact(writes).await?;
        Ok(matches!(written, Written::Done))
    }
}
