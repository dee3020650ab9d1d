//! The proof that a call may be dialled.

use domain::call::Call;

/// The right to ask the provider once for one attempt. Only the conditional commit of a claim makes one, and asking
/// uses it up.
#[derive(Debug)]
pub struct DialPermit {
    call: Call,
    attempt: u32,
}

impl DialPermit {
    pub(crate) fn new(call: Call, attempt: u32) -> Self {
        Self { call, attempt }
    }

    /// The call, as it was claimed.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The attempt that was claimed.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}
