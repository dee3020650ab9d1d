//! The do-not-call list.

pub(crate) mod delete_do_not_call;
pub(crate) mod list_do_not_call;
pub(crate) mod put_do_not_call;
