//! Access for operators of the deployment: organizations, whole logs and redeliveries.

use domain::audit::AuditEntry;
use domain::delivery::{Delivery, State};
use domain::ids::{ConversationId, OrganizationId};
use domain::log::LogEntry;
use domain::organization::Organization;

use crate::backoff::Backoff;
use crate::endpoints::Edited;
use crate::error::StoreError;
use crate::item::{Item, VERSION, from_item, get_number, text};
use crate::keys::{self, SK};
use crate::table::Table;
use crate::unreadable::noted;
use crate::write::CONFLICT_PATIENCE_MS;

impl Table {
    /// Returns all organizations. Scans the whole table, so only operators call it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let mut found = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let scan = self.dynamodb().scan().table_name(self.name()).set_exclusive_start_key(start);
            let scan = scan.filter_expression("#sk = :organization").expression_attribute_names("#sk", SK);
            let scan = scan.expression_attribute_values(":organization", text("org"));
            let answer = scan.send().await.map_err(|error| StoreError::aws("Scan", error))?;
            for item in answer.items() {
                found.extend(noted(from_item("organization", item), item));
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// Returns an organization, or `None` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, StoreError> {
        let key = keys::organization(id);
        self.read([key.clone()]).await?.read("organization", &key)
    }

    /// Changes an organization. `edit` runs again if another writer was faster.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn edit_organization<E>(
        &self,
        id: &OrganizationId,
        audit: &AuditEntry,
        edit: impl Fn(&mut Organization) -> Result<(), E>,
    ) -> Result<Edited<Organization, E>, StoreError> {
        let key = keys::organization(id);
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let items = self.read([key.clone()]).await?;
            let Some(item) = items.get(&key) else { return Ok(Edited::Missing) };
            let before: Organization = from_item("organization", item)?;
            let mut after = before.clone();
            if let Err(refusal) = edit(&mut after) {
                return Ok(Edited::Refused(refusal));
            }
            if after == before {
                return Ok(Edited::Done(Box::new(after)));
            }
            let version = get_number(item, VERSION).unwrap_or(0);
            if self.change_with_owner(&after, version, vec![self.audit_write(id, audit)?]).await? {
                return Ok(Edited::Done(Box::new(after)));
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Returns a conversation's whole log: events, and the internal notes that clients cannot read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn whole_log(&self, id: ConversationId) -> Result<Vec<LogEntry>, StoreError> {
        let found = self.whole_partition(id, keys::LOG_PREFIX).await?;
        Ok(found.iter().filter_map(|item| noted(from_item("log entry", item), item)).collect())
    }

    /// Marks all failed deliveries of a conversation's events as pending and returns their number. `reconcile` sends
    /// them within a minute.
    ///
    /// # Errors
    /// [`StoreError`]. Deliveries that were marked before the error are sent all the same.
    pub async fn replay_deliveries(&self, id: ConversationId) -> Result<u32, StoreError> {
        let now = self.now();
        let mut replayed = 0;
        for item in self.whole_partition(id, keys::DELIVERY_PREFIX).await? {
            let delivery: Option<Delivery> = noted(from_item("delivery", &item), &item);
            let Some(delivery) = delivery else { continue };
            let seen = get_number(&item, VERSION).unwrap_or(0);
            if delivery.state == State::Exhausted && self.mark_again(&delivery, seen, now).await? {
                replayed += 1;
            }
        }
        Ok(replayed)
    }

    async fn whole_partition(&self, id: ConversationId, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let mut all = Vec::new();
        let mut start = None;
        loop {
            let (found, next) = self.partition(keys::call(id).pk, prefix, start, None).await?;
            all.extend(found);
            start = next;
            if start.is_none() {
                return Ok(all);
            }
        }
    }
}
