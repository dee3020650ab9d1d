//! Lambda functions: one file for each, grouped by trigger.
//!
//! One artifact contains all of them. The environment variable `_HANDLER` selects the function to run. [`registry`] lists them.

mod acceptance;
mod adoption;
pub mod agents;
mod answer;
mod api;
mod app;
mod asking;
mod auth;
pub mod config;
pub mod dialect;
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
pub mod problem;
mod query;
mod queue;
pub mod registry;
pub mod route;
mod schedule;
mod sms;
mod turnstile;

pub use app::{App, StandIn};
pub use asking::PROVIDER_TIMEOUT;
pub use auth::Caller;
pub use error::{ApiError, Error, FieldError};
pub use invoke::{begin, invoke};
pub use registry::{FUNCTIONS, find};
pub use route::{Function, Trigger};
pub use sms::turn::TURN_TIMEOUT;
