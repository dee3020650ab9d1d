//! Ringdown on one machine. The routes, queues, table and schedules of `template.yaml` are imitated over loopback,
//! around the same handlers that run in Lambda.

mod announce;
pub mod aws;
pub mod chat;
pub mod cli;
pub mod client;
pub mod customer;
pub mod demo;
mod dynamodb;
mod error;
pub mod events;
mod http;
mod lambda;
pub mod offline;
pub mod opening_hours;
pub mod phone;
mod poller;
mod public_url;
#[cfg(test)]
mod real_template_tests;
pub mod receiver;
mod routes;
mod running;
#[cfg(test)]
mod sample;
mod schedule;
pub mod seed;
mod serve;
mod sqs;
mod stack;
pub mod steps;
mod stop;
pub mod template;
pub mod wiring;

pub use announce::announce;
pub use dynamodb::Data;
pub use error::Error;
pub use http::{LocalAnswer, LocalHandler, LocalRequest, LocalRoute};
pub use lambda::Invoke;
pub use sqs::QueueAddress;
pub use stack::{Backend, Connect, Options, Stack, Wiring};
