//! Calls as conversations: the implementation of [`Conversation`] for [`Call`].

use super::measured::measured;
use super::obligation::owed;
use super::{Call, Duty, Input, Transcript, step};
use crate::conversation::{Change, Conversation};
use crate::effect::Effect;
use crate::head::Head;
use crate::holder::{HeldBy, Holder};
use crate::ids::{Channel, ProviderCallId};
use crate::measure::Measured;
use crate::obligation::Obligation;
use crate::phone::PhoneNumber;
use crate::sms::StoredMessage;
use crate::time::Timestamp;

impl Conversation for Call {
    type Input = Input;
    type Duty = Duty;
    type Claim = u32;

    const CHANNEL: Channel = Channel::Voice;
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
        self.contact = None;
        self.facts.transcript = Transcript::Absent;
        self.facts.recording = None;
        self.facts.analysis = None;
        self.facts.analysis_sought = true;
    }

    fn owed(&self) -> Vec<Obligation<Duty>> {
        owed(self)
    }

    fn taken_away(id: String, to: Holder, _stored: Option<StoredMessage>) -> Input {
        Input::TakenAway { call_id: ProviderCallId::new(id), to }
    }

    fn advance(&self, input: Input, now: Timestamp) -> Change<Self> {
        let step = step(self, input, now);
        let opt_out = step.opt_out.then(|| Effect::Suppress { source: "analysis".to_owned() });
        let settled = step.settlement.map(Effect::SettleHold);
        let held = self.newly_held(&step.call);
        let place = step.place.map(Effect::ChangePlaces);
        let provider = self.provider;
        let handed_over = step.handed_over.map(|(id, to)| Effect::HandOver { provider, id: id.to_string(), to });
        let stored = step.transcript.map(Effect::StoreTranscript).into_iter();
        let forgets = (step.call.forgotten && !self.forgotten).then_some(Effect::Forget);
        let effects =
            stored.chain(forgets).chain(opt_out).chain(settled).chain(place).chain(held).chain(handed_over).collect();
        Change { after: step.call, log: step.log, effects, claimed: step.claimed }
    }

    fn contacts(change: &Change<Self>) -> bool {
        change.claimed.is_some()
    }

    fn measured(&self, change: &Change<Self>, now: Timestamp) -> Vec<Measured> {
        measured(self, change, now)
    }
}

impl Call {
    /// Returns the ownership records of the provider's calls that became this call's own or its orphans in a step.
    /// Returns none if the provider's list shows which attempt a call belongs to.
    fn newly_held(&self, after: &Self) -> Vec<Effect> {
        if self.provider.lists_our_attempts() {
            return Vec::new();
        }
        let ids = |call: &Self| -> Vec<ProviderCallId> {
            let strays = call.strays.iter().map(|stray| stray.call_id.clone());
            call.provider_call_id.iter().cloned().chain(strays).collect()
        };
        let known = ids(self);
        // A call that was claimed by likeness, and that the provider has named now, gets an ownership record by name.
        let was_named = self.adopted.is_some() && after.adopted.is_none();
        let is_adopted = |id: &ProviderCallId| after.adopted.is_some() && after.provider_call_id.as_ref() == Some(id);
        let new = ids(after)
            .into_iter()
            .filter(|id| !known.contains(id) || (was_named && after.provider_call_id.as_ref() == Some(id)));
        let held = |id: ProviderCallId| Effect::HoldAtProvider {
            provider: self.provider,
            id: id.to_string(),
            message: None,
            by: if is_adopted(&id) { HeldBy::Likeness } else { HeldBy::Name },
        };
        new.map(held).collect()
    }
}
