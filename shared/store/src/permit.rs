//! Permits: proof that a provider may be asked once.

use domain::call::Call;
use domain::sms::{SmsConversation, StoredMessage};

/// Permit to ask the provider once, for one attempt at a call. Only the conditional commit of a claim creates one, and
/// the request consumes it.
#[derive(Debug)]
pub struct DialPermit {
    call: Call,
    attempt: u32,
}

impl DialPermit {
    pub(crate) fn new(call: Call, attempt: u32) -> Self {
        Self { call, attempt }
    }

    /// Returns the call as it was claimed.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Returns the number of the claimed attempt.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// Permit to ask the provider once to send an SMS message. Only the conditional commit of a claim creates one, and the
/// request consumes it.
#[derive(Debug)]
pub struct SendPermit {
    conversation: SmsConversation,
    stored: StoredMessage,
    attempt: u32,
}

impl SendPermit {
    pub(crate) fn new(conversation: SmsConversation, stored: StoredMessage, attempt: u32) -> Self {
        Self { conversation, stored, attempt }
    }

    /// Returns the conversation as it was when the message was claimed.
    pub fn conversation(&self) -> &SmsConversation {
        &self.conversation
    }

    /// Returns the message and its version.
    pub fn stored(&self) -> &StoredMessage {
        &self.stored
    }

    /// Returns the number of the claimed attempt.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}
