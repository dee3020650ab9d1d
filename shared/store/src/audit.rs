//! Audit log of an organization. An entry is written in the same transaction as the change that it describes.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditEntry;
use domain::ids::OrganizationId;

use crate::error::StoreError;
use crate::item::{self, from_item, get_text};
use crate::keys::{self, Key, SK};
use crate::table::Table;
use crate::unreadable::noted;
use crate::write::transact_put;

/// Page of the audit log, newest first.
#[derive(Debug)]
pub struct AuditPage {
    /// Entries of the page.
    pub entries: Vec<AuditEntry>,
    /// Sort key behind which the next page begins.
    pub next: Option<String>,
}

impl Table {
    /// Builds the write of an entry, for a transaction.
    pub(crate) fn audit_write(
        &self,
        organization: &OrganizationId,
        entry: &AuditEntry,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = keys::audit_entry(organization, entry.at, &self.nonce()?);
        Ok(transact_put(self.put_of(item::item(&key, entry)?, None)?))
    }

    /// Returns a page of an organization's audit log, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_log(
        &self,
        organization: &OrganizationId,
        start: Option<&str>,
        limit: u8,
    ) -> Result<AuditPage, StoreError> {
        let pk = keys::organization(organization).pk;
        let start = start.map(|place| item::key_attributes(&Key { pk: pk.clone(), sk: place.to_owned() }));
        let (found, next) = self.partition_backwards(pk, keys::AUDIT_PREFIX, start, limit).await?;
        let entries = found.iter().filter_map(|item| noted(from_item("audit entry", item), item)).collect();
        Ok(AuditPage { entries, next: next.and_then(|key| get_text(&key, SK).map(str::to_owned)) })
    }
}
