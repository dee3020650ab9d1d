//! The outside world: what is spoken to over the network, and how.

pub mod egress;
