//! The harness: simulated AWS, fakes of providers, the simulated world around the program, and the local stack in this process.

pub mod aws;
pub(crate) mod fakes;
pub(crate) mod stack;
pub(crate) mod world;
