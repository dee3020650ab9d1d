//! Contacts.

pub(crate) mod create_contact;
pub(crate) mod get_contact;
pub(crate) mod list_contacts;
pub(crate) mod update_contact;
pub(crate) mod view;
