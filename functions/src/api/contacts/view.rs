//! A contact in requests and responses.

use domain::contact::Contact;
use domain::ids::{ContactId, Mode};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde::Serialize;

use crate::fields::Fields;

/// Longest name or email address, in characters.
pub(crate) const LONGEST_DETAIL: usize = 255;

/// Person with a phone number.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Contact))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactView {
    /// Id of the contact.
    id: ContactId,
    /// Number of the contact, below 2^53. The API of `klen` accepts it as `contact_id`.
    number: u64,
    /// Mode of the API keys that can use the contact.
    mode: Mode,
    /// Phone number, in E.164, which identifies the contact.
    phone_number: PhoneNumber,
    /// First name; null if it is unknown.
    first_name: Option<String>,
    /// Last name; null if it is unknown.
    last_name: Option<String>,
    /// Email address; null if it is unknown.
    email: Option<String>,
    /// Time at which the contact was created.
    created_at: Timestamp,
    /// Time of the last change.
    updated_at: Timestamp,
}

impl ContactView {
    /// Returns the contact for a response.
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
