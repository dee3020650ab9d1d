//! The audit log.

pub(crate) mod list_audit_entries;
