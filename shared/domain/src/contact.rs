//! Contacts: the customers of an organization.

use serde::{Deserialize, Serialize};

use crate::ids::ContactId;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// Contact. It is identified by its number, which cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Id of the contact, derived from its number.
    pub id: ContactId,
    /// Integer id below 2^53, for the clients of a dialect that identifies contacts by integers.
    pub reference: u64,
    /// Phone number of the contact.
    pub phone_number: PhoneNumber,
    /// Details that can be changed.
    #[serde(flatten)]
    pub details: Details,
    /// Time at which the contact was created.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Details of a contact that can be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Email address.
    pub email: Option<String>,
}

impl Details {
    /// Returns the details with the given changes. A field that is `None` in `changes` keeps its value.
    pub fn with(&self, changes: &Self) -> Self {
        let over = |old: &Option<String>, new: &Option<String>| new.clone().or_else(|| old.clone());
        Self {
            first_name: over(&self.first_name, &changes.first_name),
            last_name: over(&self.last_name, &changes.last_name),
            email: over(&self.email, &changes.email),
        }
    }
}
