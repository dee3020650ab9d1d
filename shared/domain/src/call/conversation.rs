//! A call as one of the conversations that the shell brings forward.

use super::measured::measured;
use super::obligation::owed;
use super::{Call, Duty, Input, Transcript, step};
use crate::conversation::{Change, Conversation, Effect};
use crate::ids::{Channel, ConversationId, ProviderCallId, Scope};
use crate::measure::Measured;
use crate::obligation::Obligation;
use crate::phone::PhoneNumber;
use crate::retention::Retention;
use crate::time::Timestamp;

impl Conversation for Call {
    type Input = Input;
    type Duty = Duty;
    type Claim = u32;

    const CHANNEL: Channel = Channel::Voice;
    const PASS_TIME: Duty = Duty::PassTime;

    fn id(&self) -> ConversationId {
        self.id
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn customer(&self) -> &PhoneNumber {
        &self.to
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    fn retention(&self) -> Option<Retention> {
        self.retention
    }

    fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    fn forget(&mut self) {
        self.forgotten = true;
        self.to = PhoneNumber::erased();
        self.contact = None;
        self.facts.transcript = Transcript::Absent;
        self.facts.recording = None;
        self.facts.analysis = None;
        self.facts.analysis_sought = true;
    }

    fn owed(&self) -> Vec<Obligation<Duty>> {
        owed(self)
    }

    fn advance(&self, input: Input, now: Timestamp) -> Change<Self> {
        let step = step(self, input, now);
        let opt_out = step.opt_out.then(|| Effect::Suppress { source: "analysis".to_owned() });
        let settled = step.settlement.map(Effect::SettleHold);
        let held = self.newly_held(&step.call);
        let place = step.place.map(Effect::ChangePlaces);
        let stored = step.transcript.map(Effect::StoreTranscript).into_iter();
        let forgets = (step.call.forgotten && !self.forgotten).then_some(Effect::Forget);
        let effects = stored.chain(forgets).chain(opt_out).chain(settled).chain(place).chain(held).collect();
        Change { after: step.call, log: step.log, effects, claimed: step.claimed }
    }

    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    fn measured(&self, change: &Change<Self>, now: Timestamp) -> Vec<Measured> {
        measured(self, change, now)
    }
}

impl Call {
    /// The provider's calls that are this one's since a step, its strays among them: where the provider's own list does
    /// not show whose they are.
    fn newly_held(&self, after: &Self) -> Vec<Effect> {
        if self.provider.lists_our_attempts() {
            return Vec::new();
        }
        let ids = |call: &Self| -> Vec<ProviderCallId> {
            let strays = call.strays.iter().map(|stray| stray.call_id.clone());
            call.provider_call_id.iter().cloned().chain(strays).collect()
        };
        let known = ids(self);
        let new = ids(after).into_iter().filter(|id| !known.contains(id));
        new.map(|id| Effect::HoldAtProvider { provider: self.provider, id: id.to_string() }).collect()
    }
}
