//! Telnyx: Call Control.

mod adapter;
mod answer;
mod reasons;
mod reports;
mod request;
mod signature;
mod wire;

pub(crate) use adapter::Account;
pub use adapter::{EVENTS, Telnyx};
pub use reports::reports;
pub use wire::{CallEvent, Webhook};
