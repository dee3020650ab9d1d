//! What the clock wakes.

pub mod reconcile;
