//! Adapter for Telnyx: Call Control and Messaging, by its API v2.
//!
//! Outcomes of placing a call or sending an SMS message:
//!
//! | event | outcome |
//! |---|---|
//! | no address, no connection, no TLS | not placed: nothing was sent |
//! | no answer in time, or the connection breaks | unknown |
//! | 200 with a `call_control_id`, or a message's `id` | accepted |
//! | any other 2xx: no JSON, half of it, no id | unknown |
//! | 429, with or without `Retry-After` | not placed |
//! | 408, 409, 425, any 5xx | unknown |
//! | 401, 402, 403 | refused: `provider_unavailable`, unless a message is refused with a code below |
//! | 400 and 422 with a code that `answer.rs` knows | refused, with the meaning of the code |
//! | 40300 that says that it is for a STOP | refused: `opted_out` |
//! | any other 4xx | refused: `rejected` |
//! | no account in the deployment's secrets, or no public URL | refused: `provider_unavailable`; nothing was sent |
//!
//! An unknown outcome is settled by the signed events. Events about a call carry our attempt, and so does the list of live
//! calls. Events about an SMS message carry the address that they were to be sent to. Telnyx has no list of messages to search.
//! A message is given up if its answer was lost and none of its events arrives.

mod adapter;
mod answer;
mod reasons;
mod reports;
mod request;
mod signature;
mod sms;
mod text;
mod wire;

pub(crate) use adapter::Account;
pub use adapter::{EVENTS, Telnyx};
pub use reports::call_callback;
pub use text::{TextEvent, text_of};
