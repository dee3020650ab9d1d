//! Owners of phone numbers. In live mode, one organization may send from a number. Each number has an item with its
//! owner, which is written together with the organization's list.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use domain::audit::AuditEntry;
use domain::ids::OrganizationId;
use domain::organization::Organization;
use domain::phone::PhoneNumber;

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{self, DATA, VERSION, from_item, get_number, key_attributes, text, to_json};
use crate::keys;
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, transact_put};

/// Result of assigning a number to an organization or of removing it.
#[derive(Debug)]
pub enum NumberChange {
    /// The change was written.
    Done(Box<Organization>),
    /// There is no such organization.
    Missing,
    /// The number belongs to another organization. `None` if a number was to be removed that belongs to none.
    NotTheirs(Option<OrganizationId>),
}

/// Condition that a number is free or belongs to this organization.
const NOBODYS_OR_ITS_OWN: &str = "attribute_not_exists(pk) OR #data = :own";

impl Table {
    /// Assigns a number to an organization in one transaction. Of two organizations that request a number at the same
    /// time, one gets it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_number(
        &self,
        id: &OrganizationId,
        number: &PhoneNumber,
        audit: &AuditEntry,
    ) -> Result<NumberChange, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            if let Some(other) = self.other_owner(id, number).await? {
                return Ok(NumberChange::NotTheirs(Some(other)));
            }
            let Some((before, version)) = self.versioned_organization(id).await? else {
                return Ok(NumberChange::Missing);
            };
            let mut after = before.clone();
            after.take_number(number);
            let mut put = self.put_of(item::item(&keys::number_owner(number), id)?, Some(NOBODYS_OR_ITS_OWN))?;
            put.expression_attribute_names = Some([("#data".to_owned(), DATA.to_owned())].into());
            put.expression_attribute_values = Some([(":own".to_owned(), text(to_json(id)?))].into());
            let writes = vec![transact_put(put), self.audit_write(id, audit)?];
            if self.change_with_owner(&after, version, writes).await? {
                return Ok(NumberChange::Done(Box::new(after)));
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Removes a number from an organization, which remembers that it owned it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_number(
        &self,
        id: &OrganizationId,
        number: &PhoneNumber,
        audit: &AuditEntry,
    ) -> Result<NumberChange, StoreError> {
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let Some((before, version)) = self.versioned_organization(id).await? else {
                return Ok(NumberChange::Missing);
            };
            let mut after = before.clone();
            if !after.give_up_number(number) {
                return Ok(NumberChange::NotTheirs(self.other_owner(id, number).await?));
            }
            let delete = Delete::builder()
                .table_name(self.name())
                .set_key(Some(key_attributes(&keys::number_owner(number))))
                .condition_expression(NOBODYS_OR_ITS_OWN)
                .expression_attribute_names("#data", DATA)
                .expression_attribute_values(":own", text(to_json(id)?))
                .build()
                .map_err(|error| StoreError::aws("DeleteItem", error))?;
            let delete = TransactWriteItem::builder().delete(delete).build();
            if self.change_with_owner(&after, version, vec![delete, self.audit_write(id, audit)?]).await? {
                return Ok(NumberChange::Done(Box::new(after)));
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Returns the owner of a number if that is another organization. Older numbers have no item of their own. For
    /// these, the lists of all organizations are searched.
    async fn other_owner(
        &self,
        id: &OrganizationId,
        number: &PhoneNumber,
    ) -> Result<Option<OrganizationId>, StoreError> {
        let key = keys::number_owner(number);
        let known: Option<OrganizationId> = self.read([key.clone()]).await?.read("number's owner", &key)?;
        if let Some(owner) = known {
            return Ok(Some(owner).filter(|owner| owner != id));
        }
        let organizations = self.organizations().await?;
        let owner = organizations.into_iter().find(|other| other.id != *id && other.numbers.contains(number));
        Ok(owner.map(|owner| owner.id))
    }

    async fn versioned_organization(&self, id: &OrganizationId) -> Result<Option<(Organization, u64)>, StoreError> {
        let key = keys::organization(id);
        let items = self.read([key.clone()]).await?;
        let Some(item) = items.get(&key) else { return Ok(None) };
        Ok(Some((from_item("organization", item)?, get_number(item, VERSION).unwrap_or(0))))
    }
}
