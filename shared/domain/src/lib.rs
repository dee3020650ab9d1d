//! The rules of a conversation: pure. No AWS, no HTTP, no tokio, no clock and no randomness; those are arguments.

pub mod call;
pub mod contact;
pub mod cursor;
pub mod delivery;
pub mod fingerprint;
pub mod ids;
pub mod key;
pub mod organization;
pub mod phone;
pub mod planted;
pub mod signature;
pub mod template;
pub mod time;
pub mod wallet;
