//! The rules of a conversation: pure. No AWS, no HTTP, no tokio, no clock and no randomness; those are arguments.

pub mod audit;
pub mod call;
pub mod contact;
pub mod conversation;
pub mod cursor;
pub mod delivery;
pub mod dispatch;
pub mod end_reason;
pub mod endpoint;
pub mod fingerprint;
pub mod ids;
pub mod key;
pub mod log;
pub mod measure;
pub mod obligation;
pub mod organization;
pub mod phone;
pub mod planted;
pub mod schema;
pub mod signature;
pub mod sms;
pub mod template;
pub mod time;
pub mod tool;
pub mod wallet;
