//! Contacts: whom an organization's conversations are with.

use serde::{Deserialize, Serialize};

use crate::ids::ContactId;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// A contact. Its number is what makes it one, and cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Its id, which follows from its number.
    pub id: ContactId,
    /// The whole number below 2^53 by which the clients of a front door know it that counts its contacts.
    pub reference: u64,
    /// Its number.
    pub phone_number: PhoneNumber,
    /// What can be changed about it.
    #[serde(flatten)]
    pub details: Details,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What can be changed about a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// Its first name.
    pub first_name: Option<String>,
    /// Its last name.
    pub last_name: Option<String>,
    /// Its email address.
    pub email: Option<String>,
}

impl Details {
    /// These, with those put over them that are there.
    pub fn with(&self, changes: &Self) -> Self {
        let over = |old: &Option<String>, new: &Option<String>| new.clone().or_else(|| old.clone());
        Self {
            first_name: over(&self.first_name, &changes.first_name),
            last_name: over(&self.last_name, &changes.last_name),
            email: over(&self.email, &changes.email),
        }
    }
}
