//! The whole of Ringdown on one machine: the routes, queues, table and schedules of `template.yaml`, imitated over
//! loopback, around the same handlers that run in Lambda.

pub mod aws;
mod dynamodb;
mod error;
pub mod events;
mod http;
mod lambda;
mod poller;
pub mod routes;
#[cfg(test)]
mod sample;
mod schedule;
mod serve;
mod sqs;
mod stack;
mod stop;
pub mod template;

pub use dynamodb::Data;
pub use error::Error;
pub use http::{LocalAnswer, LocalHandler, LocalRequest, LocalRoute};
pub use lambda::{Clock, Invoke};
pub use sqs::QueueAddress;
pub use stack::{Backend, Connect, Options, Stack, Wiring};
