//! Opt-outs and opt-ins of a customer in an SMS conversation: by a keyword of theirs, or at the carrier.

use super::Purpose;
use super::message::Author;
use super::transition::Transition;
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::ids::Channel;
use crate::log::{Consent, Event};
use crate::suppression::{BY_CARRIER, BY_KEYWORD};

impl Transition {
    pub(super) fn opts_out(&mut self, word: &str) {
        self.effects.push(Effect::Suppress { source: BY_KEYWORD.to_owned() });
        self.emit(Event::ContactOptOut(self.consent(BY_KEYWORD, Some(word))));
        self.end(EndReason::OPTED_OUT);
        if let Some(text) = self.conversation.terms.opt_out_text.clone().filter(|_| !self.carrier_answers()) {
            self.write(Author::Agent, text, Purpose::OptOutConfirmation);
        }
    }

    pub(super) fn opts_in(&mut self, word: &str) {
        self.effects.push(Effect::LiftSuppression);
        self.emit(Event::ContactOptIn(self.consent(BY_KEYWORD, Some(word))));
    }

    /// The carrier says that the customer opted out there.
    pub(super) fn opted_out_at_carrier(&mut self) {
        self.effects.push(Effect::Suppress { source: BY_CARRIER.to_owned() });
        self.emit(Event::ContactOptOut(self.consent(BY_CARRIER, None)));
        self.end(EndReason::OPTED_OUT);
    }

    fn consent(&self, source: &str, keyword: Option<&str>) -> Consent {
        Consent {
            phone_number: self.conversation.to.clone(),
            channel: Channel::Sms,
            source: source.to_owned(),
            keyword: keyword.map(str::to_owned),
        }
    }
}
