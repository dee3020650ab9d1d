//! DynamoDB and SQS: keys, items, commits, messages.
//!
//! Concrete types over the real AWS SDK. There is no trait to be filled by something that accepts what DynamoDB
//! refuses: tests run this code against emulators, at the level of the wire.

mod accept;
mod administration;
pub mod aws;
mod backoff;
mod bulk;
mod calls;
pub mod clock;
mod commit;
mod contacts;
mod deliveries;
mod do_not_call;
mod due;
mod endpoints;
pub mod entropy;
mod error;
mod item;
pub mod keys;
mod permit;
mod queue;
mod read;
mod simulated;
mod table;
mod transcript;
mod wallet;
mod write;

pub use accept::{Acceptance, NewAcceptance};
pub use bulk::{Bulk, BulkRefusal};
pub use calls::{CallsPage, Created, FullCall};
pub use commit::{Applied, CallRef, Loaded, Store};
pub use contacts::{ContactChange, ContactCreation};
pub use deliveries::{PendingDelivery, is_short};
pub use due::{DueItem, DuePage};
pub use endpoints::{Creation, Endpoint};
pub use error::StoreError;
pub use item::Item;
pub use permit::DialPermit;
pub use queue::{CallJob, DeliveryJob, MESSAGE_VERSION, Message, QueueName, QueueUrls, Queues};
pub use read::Items;
pub use simulated::SimulatedCall;
pub use table::Table;
pub use wallet::{Shortage, Wallet};
