//! Adapter for Vapi: calls that Vapi's own assistants conduct.

mod adapter;
mod answer;
mod reasons;
mod reports;
mod request;
mod signature;
mod wire;

pub(crate) use adapter::Account;
pub use adapter::{EVENTS, Vapi};
pub use reports::call_callback;
