//! The contact that a call is made for: found, made or changed together with the call's acceptance.

use domain::contact::{Contact, Details};
use domain::ids::{ContactId, Scope};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use store::keys::{self, Key};
use store::{ContactChange, Items, Table};

use super::Refusal;

/// What a request says of a contact.
#[derive(Clone, Debug)]
pub(crate) enum ContactWish {
    /// Nothing.
    Nobody,
    /// The contact that this whole number stands for: it has to be there.
    Known(u64),
    /// The contact of this id, else of the called number, else a new one.
    FoundOrMade {
        /// Its id.
        id: Option<ContactId>,
        /// What is known of it.
        details: Details,
        /// Whether that changes a contact that is there already.
        updates: bool,
    },
}

/// What becomes of the contact.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The contact that the call is made for.
    pub(super) contact: Option<ContactId>,
    /// What has to be written.
    pub(super) change: Option<ContactChange>,
}

impl ContactWish {
    /// What has to be seen of the table.
    pub(super) fn reads(&self, scope: &Scope, to: &PhoneNumber) -> Vec<Key> {
        match self {
            Self::Nobody => Vec::new(),
            Self::Known(reference) => vec![keys::contact_by_reference(scope, *reference)],
            Self::FoundOrMade { id, .. } => {
                let of_number = ContactId::for_number(scope, to);
                id.iter().chain([&of_number]).map(|id| keys::contact(scope, *id)).collect()
            }
        }
    }

    /// Decides by what was read. `attempt` chooses the whole number of a contact that is made, should one be taken.
    pub(super) fn plan(
        &self,
        scope: &Scope,
        to: &PhoneNumber,
        items: &Items,
        now: Timestamp,
        attempt: u32,
    ) -> Result<Plan, Refusal> {
        match self {
            Self::Nobody => Ok(Plan::default()),
            Self::Known(reference) => {
                let found: Option<ContactId> = items.read("contact", &keys::contact_by_reference(scope, *reference))?;
                Ok(Plan { contact: Some(found.ok_or(Refusal::ContactNotFound)?), change: None })
            }
            Self::FoundOrMade { id, details, updates } => {
                let of_number = ContactId::for_number(scope, to);
                for id in id.iter().chain([&of_number]) {
                    if let Some((contact, version)) = Table::contact_of(scope, items, *id)? {
                        let change = updates.then(|| changed(contact, version, details, now)).flatten();
                        return Ok(Plan { contact: Some(*id), change });
                    }
                }
                let mut made = Table::new_contact(scope, to, details.clone(), now);
                made.reference = made.id.reference(attempt);
                Ok(Plan { contact: Some(made.id), change: Some(ContactChange::Made(made)) })
            }
        }
    }
}

fn changed(contact: Contact, version: u64, details: &Details, now: Timestamp) -> Option<ContactChange> {
    let details = contact.details.with(details);
    if details == contact.details {
        return None;
    }
    Some(ContactChange::Changed(Contact { details, updated_at: now, ..contact }, version))
}
