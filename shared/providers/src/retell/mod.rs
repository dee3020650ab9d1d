//! Retell AI: calls that its own agents hold.

mod adapter;
mod answer;
mod reasons;
mod reports;
mod request;
mod signature;
mod wire;

pub(crate) use adapter::Account;
pub use adapter::{EVENTS, Retell};
pub use reports::reports;
pub use wire::{RetellCall, Webhook};
