//! Storage in DynamoDB and SQS: keys, items, commits, messages.
//!
//! All types are concrete and use the real AWS SDK. There is no storage trait, so no in-memory store can accept what
//! DynamoDB refuses. Tests run this code against emulators of the wire protocol.

mod accept;
mod administration;
mod agents;
mod alone;
mod api_keys;
mod audit;
pub mod aws;
mod aws_endpoint;
mod aws_http;
mod aws_sign;
mod backoff;
mod bulk;
mod calls;
pub mod clock;
mod commit;
mod contacts;
mod conversation_list;
mod deliveries;
mod delivery_log;
mod do_not_call;
mod due;
mod effects;
mod endpoints;
pub mod entropy;
mod erase;
mod error;
mod held;
mod item;
mod key_usage;
pub mod keys;
mod loaded;
pub mod measures;
mod messages;
mod notices;
mod numbers;
mod once;
mod opening;
mod operator;
mod pace;
mod permit;
mod places;
mod queue;
mod read;
mod revision;
mod simulated;
mod table;
pub mod tls;
mod transcript;
pub mod unreadable;
mod wallet;
pub mod watch;
mod write;

pub use accept::{Acceptance, NewAcceptance};
pub use api_keys::{StoredKey, USE_IS_NOTED_EVERY};
pub use audit::AuditPage;
pub use bulk::{Bulk, BulkRefusal};
pub use calls::FullCall;
pub use commit::{Applied, Store};
pub use contacts::{ContactChange, ContactCreation, ContactRequest};
pub use conversation_list::{ConversationsPage, Created, MOST_LOOKED_AT, Wanted};
pub use deliveries::{DeliveryParts, PendingDelivery, Subject, is_short};
pub use delivery_log::{DeliveriesPage, LoggedDelivery, Redelivered, Redelivery};
pub use due::{DueItem, DuePage};
pub use endpoints::{Creation, Edited};
pub use erase::{Erased, Traces};
pub use error::StoreError;
pub use item::Item;
pub use key_usage::Use;
pub use loaded::{ConversationRef, Listed, Loaded};
pub use notices::{MOST_TESTS_A_MINUTE, Tested};
pub use numbers::NumberChange;
pub use once::{Made, Remembered, What};
pub use opening::{NewSms, Opened};
pub use pace::{Pace, Slot};
pub use permit::{DialPermit, SendPermit};
pub use queue::{
    ConversationJob, DeliveryJob, MESSAGE_VERSION, Message, OLDEST_MESSAGE_VERSION, QueueName, QueueUrls, Queues, Sent,
};
pub use read::Items;
pub use simulated::{SimulatedCall, SimulatedText};
pub use table::Table;
pub use wallet::{Shortage, Wallet};
pub use write::CONFLICT_PATIENCE_MS;
