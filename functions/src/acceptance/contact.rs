//! Contact of a call: it is found, created or changed together with the call's acceptance.

use domain::contact::{Contact, Details};
use domain::ids::{ContactId, Scope};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use store::keys::{self, Key};
use store::{ContactChange, Items, Table};

use super::Refusal;

/// Contact that a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum ContactWish {
    /// No contact: the request names none.
    Nobody,
    /// Existing contact with this integer as its reference.
    Known(u64),
    /// Contact with this id, else the contact of the called number, else a new contact.
    FoundOrMade {
        /// Id of the contact, if the request names one.
        id: Option<ContactId>,
        /// Details of the contact.
        details: Details,
        /// `true` if the details also change a contact that exists already.
        updates: bool,
    },
}

/// Effect of a request on its contact.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Contact that the call is made for.
    pub(super) contact: Option<ContactId>,
    /// Change to write, if there is one.
    pub(super) change: Option<ContactChange>,
}

impl ContactWish {
    /// Returns the keys of the items that the plan depends on.
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

    /// Plans the change by the items that were read. `attempt` selects the integer reference of a new contact, in case an
    /// earlier choice is in use.
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
