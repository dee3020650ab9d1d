//! A contact as clients see and send it.

use domain::contact::Contact;
use domain::ids::{ContactId, Mode};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde::Serialize;

use crate::fields::Fields;

/// The longest name or email address.
pub(crate) const LONGEST_DETAIL: usize = 255;

/// A contact.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Contact))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactView {
    /// Its id.
    id: ContactId,
    /// The whole number below 2^53 that names it as `contact_id` at the front door of `klen`.
    number: u64,
    /// The mode it belongs to.
    mode: Mode,
    /// Its phone number, which is what makes it this contact.
    phone_number: PhoneNumber,
    /// Its first name.
    first_name: Option<String>,
    /// Its last name.
    last_name: Option<String>,
    /// Its email address.
    email: Option<String>,
    /// When it was made.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

impl ContactView {
    /// A contact as clients see it.
    pub(crate) fn new(contact: Contact, mode: Mode) -> Self {
        Self {
            id: contact.id,
            number: contact.reference,
            mode,
            phone_number: contact.phone_number,
            first_name: contact.details.first_name,
            last_name: contact.details.last_name,
            email: contact.details.email,
            created_at: contact.created_at,
            updated_at: contact.updated_at,
        }
    }
}

/// Reads a name or an email address.
pub(crate) fn detail(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    fields.text_within(name, 0, LONGEST_DETAIL).map(str::to_owned)
}
