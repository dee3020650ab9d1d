//! What messages on a queue wake.

mod batch;
pub mod deliver_webhook;
pub mod dispatch_call;
pub mod simulator_callback;
