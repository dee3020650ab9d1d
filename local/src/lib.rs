//! The whole of Ringdown on one machine: the routes, queues, table and schedules of `template.yaml`, imitated over
//! loopback, around the same handlers that run in Lambda.

mod error;
pub mod events;
pub mod routes;
#[cfg(test)]
mod sample;
pub mod template;

pub use error::Error;
