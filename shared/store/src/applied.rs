//! Result of an input to a conversation, and the permits that a claim gives.

use domain::call::Call;
use domain::conversation::Conversation;
use domain::effect::Effect;
use domain::sms::{self, Claim, SmsConversation, StoredMessage};

use crate::error::StoreError;
use crate::loaded::Loaded;
use crate::permit::{DialPermit, SendPermit};

/// Result of an input.
#[derive(Debug)]
pub struct Applied<C: Conversation> {
    /// Conversation after the commit. It equals a fresh read until another writer commits.
    pub loaded: Loaded<C>,
    /// Conversation before the input.
    pub previous: C,
    /// Claim that was granted. Only a commit grants one.
    claimed: Option<C::Claim>,
    effects: Vec<Effect>,
}

impl<C: Conversation> Applied<C> {
    /// Returns the conversation after the commit.
    pub fn conversation(&self) -> &C {
        &self.loaded.conversation
    }

    /// Creates the result of an input that changed nothing.
    pub(crate) fn unchanged(loaded: Loaded<C>) -> Self {
        Self { previous: loaded.conversation.clone(), loaded, claimed: None, effects: Vec::new() }
    }

    /// Creates the result of a commit.
    pub(crate) fn committed(loaded: Loaded<C>, previous: C, claimed: Option<C::Claim>, effects: Vec<Effect>) -> Self {
        Self { loaded, previous, claimed, effects }
    }

    /// Returns `true` if anything was written beside the conversation.
    pub(crate) fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Returns the claim that was granted, if any.
    pub fn claimed(&self) -> Option<C::Claim> {
        self.claimed
    }
}

impl Applied<Call> {
    /// Takes the permit to dial. Returns it once, and only if the input was a claim that was granted.
    pub fn take_permit(&mut self) -> Option<DialPermit> {
        let attempt = self.claimed.take()?;
        Some(DialPermit::new(self.loaded.conversation.clone(), attempt))
    }
}

impl Applied<SmsConversation> {
    /// Returns an SMS message of the conversation in its current state, if it was read or written.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the message cannot be read.
    pub fn message(&self, number: u32) -> Result<Option<sms::Message>, StoreError> {
        let written = self.effects.iter().find_map(|effect| match effect {
            Effect::StoreMessage(message) if message.number == number => Some(message.clone()),
            Effect::UpdateMessage(stored) if stored.message.number == number => Some(stored.message.clone()),
            _ => None,
        });
        match written {
            Some(message) => Ok(Some(message)),
            None => Ok(self.loaded.message(number)?.map(|stored| stored.message)),
        }
    }

    /// Takes the permit to send. Returns it once, and only if the input claimed a message. `known` is the message if it existed
    /// before.
    pub fn take_permit(&mut self, known: Option<StoredMessage>) -> Option<SendPermit> {
        let Claim::Send { message: number, attempt } = self.claimed? else { return None };
        let written = self.effects.iter().find_map(|effect| match effect {
            Effect::StoreMessage(message) if message.number == number => {
                Some(StoredMessage { message: message.clone(), version: 1 })
            }
            _ => None,
        });
        let stored = written.or(known).filter(|stored| stored.message.number == number)?;
        self.claimed = None;
        Some(SendPermit::new(self.loaded.conversation.clone(), stored, attempt))
    }
}
