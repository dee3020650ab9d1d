//! The proof that a provider may be asked, once.

use domain::call::Call;
use domain::sms::{SmsConversation, StoredMessage};

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

/// The right to ask the provider once to send a text. Only the conditional commit of a claim makes one, and asking uses
/// it up.
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

    /// The conversation, as it was when the text was claimed.
    pub fn conversation(&self) -> &SmsConversation {
        &self.conversation
    }

    /// The text.
    pub fn stored(&self) -> &StoredMessage {
        &self.stored
    }

    /// The attempt that was claimed.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}
