//! Functions that run on a schedule.

pub(crate) mod reconcile;
