//! Stateful fakes of live providers. Each speaks its vendor's wire protocol, with or without real sockets, and keeps
//! its calls. It calls back with real signatures, and can fail in every way that a network can. The adapters run
//! against the fakes unchanged.

pub(crate) mod fake;
pub(crate) mod retell;
pub(crate) mod script;
mod served;
pub(crate) mod server;
pub(crate) mod telnyx;
pub(crate) mod texting;
pub(crate) mod twilio;
pub(crate) mod vapi;
pub(crate) mod vendor;

/// Encodes bytes in base64.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
