//! Adapter for Retell AI: calls, and chats by SMS, that Retell's own agents conduct.

mod adapter;
mod answer;
mod callback;
mod chat_wire;
mod chats;
mod reasons;
mod reports;
mod request;
mod signature;
mod wire;

pub(crate) use adapter::Account;
pub use adapter::{EVENTS, Retell};
pub use callback::{call_callback, chat_callback};
