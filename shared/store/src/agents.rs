//! Agents. Each has an item per mode, with a version that counts its changes.
//!
//! An agent has the same id in both modes. The live agent is stored under the key that agents had before there were
//! modes. Such an older agent also serves test keys until a test agent with its id exists.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::agent::Agent;
use domain::audit::AuditEntry;
use domain::ids::{AgentId, Channel, Mode, OrganizationId, Scope};

use crate::error::StoreError;
use crate::item::{self, DATA, Item, from_item, get_text, key_of};
use crate::keys::{self, Key};
use crate::once::{CreateOutcome, IdempotencyRecord};
use crate::read::Items;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// Returns the scope of an organization's live agents.
fn live(scope: &Scope) -> Scope {
    Scope { mode: Mode::Live, ..scope.clone() }
}

impl Items {
    /// Returns the agent that serves a scope's requests under an id. [`Table::agent_keys`] must have been read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the agent cannot be decoded.
    pub fn agent(&self, scope: &Scope, id: AgentId) -> Result<Option<Agent>, StoreError> {
        for key in Table::agent_keys(scope, id) {
            if let Some(agent) = self.read::<Agent>("agent", &key)? {
                // A retired test agent hides the live agent that served test keys before.
                return Ok(Some(agent).filter(|agent| agent.serves(scope.mode)));
            }
        }
        Ok(None)
    }

    /// Returns the agent that is stored for a scope under an id, even if it is retired.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the agent cannot be decoded.
    pub fn stored_agent(&self, scope: &Scope, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.read("agent", &keys::agent(scope, id))
    }

    /// Returns the agents of a scope and a channel that an alias may stand for. [`Table::agent_alias_keys`] must have
    /// been read. An alias may still lead to an agent that no longer bears it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if an item cannot be decoded.
    pub fn agents_named(&self, scope: &Scope, channel: Channel, alias: &str) -> Result<Vec<AgentId>, StoreError> {
        let found = Table::agent_alias_keys(scope, channel, alias).into_iter();
        found.filter_map(|key| self.read("agent's name", &key).transpose()).collect()
    }
}

impl Table {
    /// Returns the keys under which the agent that serves a scope's requests may be stored. The first key with an item
    /// counts.
    pub fn agent_keys(scope: &Scope, id: AgentId) -> Vec<Key> {
        match scope.mode {
            Mode::Live => vec![keys::agent(scope, id)],
            Mode::Test => vec![keys::agent(scope, id), keys::agent(&live(scope), id)],
        }
    }

    /// Returns the keys under which the agent of an alias may be stored.
    pub fn agent_alias_keys(scope: &Scope, channel: Channel, alias: &str) -> Vec<Key> {
        let mut found = vec![keys::agent_alias(scope, channel, alias)];
        if scope.mode == Mode::Test {
            found.push(keys::agent_alias(&live(scope), channel, alias));
        }
        found.extend(keys::former_agent_alias(&scope.organization, alias));
        found
    }

    /// Creates an agent unless an active one has its slug. `read` contains the retired agent of that slug, if there is
    /// one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_agent(
        &self,
        scope: &Scope,
        read: &Items,
        agent: &Agent,
        remembered: Option<&IdempotencyRecord>,
        audit: &AuditEntry,
    ) -> Result<CreateOutcome, StoreError> {
        let mut writes = vec![transact_put(self.agent_put(scope, read, agent)?)];
        writes.push(self.audit_write(&scope.organization, audit)?);
        writes.extend(self.alias_writes(&scope.organization, agent)?);
        self.make_once(remembered, writes).await
    }

    /// Builds the put of an agent. It replaces the agent that was read, or requires that there is none.
    fn agent_put(&self, scope: &Scope, read: &Items, agent: &Agent) -> Result<Put, StoreError> {
        let key = keys::agent(scope, agent.id);
        let item = item::item(&key, agent)?;
        match read.get(&key).and_then(|seen| get_text(seen, DATA)) {
            Some(seen) => self.put_of_unchanged(item, seen),
            None => self.put_of(item, Some(MUST_BE_NEW)),
        }
    }

    /// Builds the writes of an agent's aliases. Aliases that it no longer bears are not deleted: callers that resolve
    /// an alias check the agent.
    pub(crate) fn alias_writes(
        &self,
        organization: &OrganizationId,
        agent: &Agent,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let scope = Scope { organization: organization.clone(), mode: agent.stored_as() };
        let alias = |alias: String| {
            let item = item::item(&keys::agent_alias(&scope, agent.channel, &alias), &agent.id)?;
            Ok(transact_put(self.put_of(item, None)?))
        };
        agent.aliases().into_iter().map(alias).collect()
    }

    /// Returns the agent that serves a scope's requests under an id, or `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agent(&self, scope: &Scope, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.read(Self::agent_keys(scope, id)).await?.agent(scope, id)
    }

    /// Returns at most `limit` agents that serve a scope's requests, starting behind `after`. Also returns the id
    /// behind which there are more, if there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agents(
        &self,
        scope: &Scope,
        after: Option<AgentId>,
        limit: u8,
    ) -> Result<(Vec<Agent>, Option<AgentId>), StoreError> {
        let mut place = after;
        let mut found = Vec::new();
        loop {
            let own = self.stored_agents(scope, place, limit).await?;
            let shared = match scope.mode {
                Mode::Live => Stored::default(),
                Mode::Test => self.stored_agents(&live(scope), place, limit).await?,
            };
            // Only ids up to the nearer end of the two pages are complete. Either list may go on behind its own page.
            let end = [own.more_behind(), shared.more_behind()].into_iter().flatten().min();
            let mut by_id: BTreeMap<AgentId, Agent> =
                shared.agents.into_iter().map(|agent| (agent.id, agent)).collect();
            by_id.extend(own.agents.into_iter().map(|agent| (agent.id, agent)));
            for (id, agent) in by_id.into_iter().filter(|(id, _)| end.is_none_or(|end| *id <= end)) {
                if found.len() == usize::from(limit) {
                    return Ok((found, place));
                }
                place = Some(id);
                found.extend(Some(agent).filter(|agent| agent.serves(scope.mode)));
            }
            if end.is_none() {
                return Ok((found, None));
            }
        }
    }

    async fn stored_agents(&self, scope: &Scope, after: Option<AgentId>, limit: u8) -> Result<Stored, StoreError> {
        let start = after.map(|id| item::key_attributes(&keys::agent(scope, id)));
        let pk = keys::organization(&scope.organization).pk;
        let prefix = keys::agent_prefix(scope.mode);
        // In sort-key order, test agents follow the last live agent under the same prefix.
        let is_other = |item: &Item| {
            let is_test = key_of(item).is_some_and(|key| key.sk.starts_with(keys::agent_prefix(Mode::Test)));
            is_test && scope.mode == Mode::Live
        };
        let read = |item: &Item| if is_other(item) { Ok(None) } else { from_item("agent", item).map(Some) };
        let (found, next) = self.listed((pk, prefix), start, limit, read).await?;
        let more = next.is_some() && found.iter().all(Option::is_some);
        Ok(Stored { agents: found.into_iter().flatten().collect(), more })
    }

    /// Writes an agent's next version in place of the one that was read. Returns `false` if the agent was changed in
    /// between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_agent(
        &self,
        scope: &Scope,
        read: &Items,
        next: &Agent,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut writes = vec![transact_put(self.agent_put(scope, read, next)?)];
        writes.push(self.audit_write(&scope.organization, audit)?);
        if next.retired_at.is_none() {
            writes.extend(self.alias_writes(&scope.organization, next)?);
        }
        let written = self.transact(writes).await?;
        Ok(matches!(written, Written::Done))
    }
}

/// Page of the agents that are stored for a mode.
#[derive(Default)]
struct Stored {
    agents: Vec<Agent>,
    more: bool,
}

impl Stored {
    /// Returns the last id of the page if there are more agents behind it.
    fn more_behind(&self) -> Option<AgentId> {
        self.agents.last().map(|agent| agent.id).filter(|_| self.more)
    }
}
