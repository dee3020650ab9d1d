//! The Lambdas: a file each, grouped by what wakes it.
//!
//! One artifact holds them all; the environment's `_HANDLER` picks one. [`registry`] is the table of them.

mod acceptance;
mod adoption;
pub mod agents;
mod api;
mod app;
mod asking;
mod auth;
pub mod config;
pub mod dialects;
mod error;
mod event_body;
mod fields;
pub mod http;
mod idempotency;
mod inbound;
mod invoke;
mod key_use;
pub mod log_lines;
#[cfg(feature = "openapi")]
pub mod openapi;
mod outcome;
mod page;
mod query;
mod queue;
pub mod registry;
mod schedule;
mod sms;
mod turnstile;

pub use app::{App, StandIn};
pub use asking::PROVIDER_TIMEOUT;
pub use auth::Caller;
pub use error::{ApiError, Error, FieldError};
pub use invoke::{begin, invoke};
pub use registry::{FUNCTIONS, Function, Trigger, find};
pub use sms::turn::TURN_TIMEOUT;
