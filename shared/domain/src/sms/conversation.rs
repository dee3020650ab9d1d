//! Implementation of the trait [`Conversation`] for SMS conversations.

use super::measured::measured;
use super::{Claim, Duty, Input, Pace, Purpose, SmsConversation, StoredMessage, obligation, step};
use crate::conversation::{Change, Conversation};
use crate::head::Head;
use crate::holder::Holder;
use crate::ids::{Channel, ProviderMessageId};
use crate::measure::Measured;
use crate::obligation::Obligation;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

impl Conversation for SmsConversation {
    type Input = Input;
    type Duty = Duty;
    type Claim = Claim;

    const CHANNEL: Channel = Channel::Sms;
    const PASS_TIME: Duty = Duty::PassTime;

    fn head(&self) -> Head<'_> {
        Head {
            id: self.id,
            scope: &self.scope,
            customer: &self.to,
            ours: &self.from,
            created_at: self.created_at,
            ended_at: self.ended_at,
            retention: self.retention,
            is_forgotten: self.forgotten,
            request_id: self.request_id.as_deref(),
        }
    }

    fn forget(&mut self) {
        self.forgotten = true;
        self.to = PhoneNumber::erased();
        self.pending_tools = Vec::new();
        self.rest = Vec::new();
        self.pace = Pace::default();
    }

    fn owed(&self) -> Vec<Obligation<Duty>> {
        obligation::owed(self)
    }

    fn taken_away(id: String, to: Holder, stored: Option<StoredMessage>) -> Input {
        let id = ProviderMessageId::new(id);
        stored.map_or(Input::Tick, |stored| Input::TakenAway { stored, id, to })
    }

    fn advance(&self, input: Input, now: Timestamp) -> Change<Self> {
        step(self, input, now)
    }

    fn contacts(change: &Change<Self>) -> bool {
        let Some(Claim::Send { message, .. }) = change.claimed else { return false };
        let purpose = change.after.send(message).map(|send| send.purpose);
        purpose.is_some_and(Purpose::heeds_suppression)
    }

    fn measured(&self, change: &Change<Self>, _now: Timestamp) -> Vec<Measured> {
        measured(change)
    }
}
