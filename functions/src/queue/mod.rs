//! Functions that consume queues.

pub(crate) mod accept_bulk_item;
mod batch;
pub(crate) mod deliver_webhook;
pub(crate) mod dispatch_call;
pub(crate) mod run_sms_turn;
pub(crate) mod simulator_callback;
