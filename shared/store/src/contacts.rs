//! Contacts. Each has an item, and a second item that maps its integer reference to it.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::contact::{Contact, Details};
use domain::ids::{ContactId, Scope};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::item::{self, VERSION, from_item, get_number, key_of, number};
use crate::keys;
use crate::read::Items;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// Number of integer references that are tried for a contact. A collision has a chance of one in a billion.
const REFERENCES: u32 = 4;

/// Change of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactChange {
    /// The contact is created.
    Made(Contact),
    /// The contact is changed. Carries the version that was read.
    Changed(Contact, u64),
}

/// Result of creating a contact.
#[derive(Debug)]
pub enum ContactCreation {
    /// The contact is new.
    Fresh(Box<Contact>),
    /// A contact with this number exists already.
    Existing(Box<Contact>),
    /// The idempotency key was used before. Carries the request that used it.
    Replay(ContactRequest),
}

/// Request that created a contact.
#[derive(Debug, Serialize, Deserialize)]
pub struct ContactRequest {
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Id of the contact.
    pub contact: ContactId,
}

impl Table {
    /// Builds a contact that does not exist yet.
    pub fn new_contact(scope: &Scope, number: &PhoneNumber, details: Details, now: Timestamp) -> Contact {
        let id = ContactId::for_number(scope, number);
        let phone_number = number.clone();
        Contact { id, reference: id.reference(0), phone_number, details, created_at: now, updated_at: now }
    }

    /// Returns a contact and its version from the items that were read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the contact cannot be decoded.
    pub fn contact_of(scope: &Scope, items: &Items, id: ContactId) -> Result<Option<(Contact, u64)>, StoreError> {
        let Some(found) = items.get(&keys::contact(scope, id)) else { return Ok(None) };
        Ok(Some((from_item("contact", found)?, get_number(found, VERSION).unwrap_or(0))))
    }

    pub(crate) fn contact_writes(
        &self,
        scope: &Scope,
        change: &ContactChange,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let (contact, version) = match change {
            ContactChange::Made(contact) => (contact, 0),
            ContactChange::Changed(contact, version) => (contact, *version),
        };
        let mut made = item::item(&keys::contact(scope, contact.id), contact)?;
        made.insert(VERSION.to_owned(), number(version + 1));
        match change {
            ContactChange::Made(_) => {
                let alias = item::item(&keys::contact_by_reference(scope, contact.reference), &contact.id)?;
                let puts = [made, alias].map(|item| self.put_of(item, Some(MUST_BE_NEW)).map(transact_put));
                puts.into_iter().collect()
            }
            ContactChange::Changed(..) => {
                let mut put = self.put_of(made, Some("#version = :before"))?;
                put.expression_attribute_names = Some([("#version".to_owned(), VERSION.to_owned())].into());
                put.expression_attribute_values = Some([(":before".to_owned(), number(version))].into());
                Ok(vec![transact_put(put)])
            }
        }
    }

    /// Creates a contact unless one with its number exists. `request` is the digest of the idempotency key and the
    /// request's fingerprint. It is `None` for a request without a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_contact(
        &self,
        scope: &Scope,
        contact: Contact,
        request: Option<(&str, &str)>,
    ) -> Result<ContactCreation, StoreError> {
        let mut contact = contact;
        for attempt in 0..REFERENCES {
            contact.reference = contact.id.reference(attempt);
            let mut writes = Vec::new();
            if let Some((digest, fingerprint)) = request {
                let made_by = ContactRequest { fingerprint: fingerprint.to_owned(), contact: contact.id };
                let item = item::item(&keys::contact_request(scope, digest), &made_by)?;
                writes.push(transact_put(self.put_of(item, Some(MUST_BE_NEW))?));
            }
            writes.extend(self.contact_writes(scope, &ContactChange::Made(contact.clone()))?);
            let Written::Refused { item: old, .. } = self.transact(writes).await? else {
                return Ok(ContactCreation::Fresh(Box::new(contact)));
            };
            let key = key_of(&old);
            if key == request.map(|(digest, _)| keys::contact_request(scope, digest)) {
                return from_item("request", &old).map(ContactCreation::Replay);
            }
            if key.as_ref() == Some(&keys::contact(scope, contact.id)) {
                return from_item("contact", &old).map(|known| ContactCreation::Existing(Box::new(known)));
            }
        }
        Err(StoreError::Conflict)
    }

    /// Changes a contact and returns it, or `None` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_contact(
        &self,
        scope: &Scope,
        id: ContactId,
        change: impl Fn(&Details) -> Details,
    ) -> Result<Option<Contact>, StoreError> {
        loop {
            let items = self.read([keys::contact(scope, id)]).await?;
            let Some((mut contact, version)) = Self::contact_of(scope, &items, id)? else { return Ok(None) };
            let details = change(&contact.details);
            if details == contact.details {
                return Ok(Some(contact));
            }
            contact.details = details;
            contact.updated_at = self.now();
            let changed = ContactChange::Changed(contact.clone(), version);
            if let Written::Done = self.transact(self.contact_writes(scope, &changed)?).await? {
                return Ok(Some(contact));
            }
        }
    }

    /// Returns a page of a scope's contacts behind the contact `after`, and reports if there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn contacts(
        &self,
        scope: &Scope,
        after: Option<ContactId>,
        limit: u8,
    ) -> Result<(Vec<Contact>, bool), StoreError> {
        let start = after.map(|id| item::key_attributes(&keys::contact(scope, id)));
        let pk = keys::contact_by_reference(scope, 0).pk;
        let (found, next) =
            self.listed((pk, keys::CONTACT_PREFIX), start, limit, |item| from_item("contact", item)).await?;
        Ok((found, next.is_some()))
    }
}
