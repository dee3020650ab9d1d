//! What the clock wakes.

pub(crate) mod reconcile;
