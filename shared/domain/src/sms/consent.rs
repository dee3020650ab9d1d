//! Opt-outs and opt-ins of a customer by SMS: by a keyword of the customer, or at the carrier.

use super::transition::Transition;
use super::{Author, Purpose};
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::ids::Channel;
use crate::log::{Consent, Event};
use crate::phone::PhoneNumber;
use crate::suppression::{BY_CARRIER, BY_KEYWORD, KeywordEffect};

impl KeywordEffect {
    /// Returns the change of the do-not-call list that the store has to write.
    pub(super) fn effect(self) -> Effect {
        match self {
            Self::OptOut { .. } => Effect::Suppress { source: BY_KEYWORD.to_owned() },
            Self::OptIn { .. } => Effect::LiftSuppression,
        }
    }

    /// Returns the event that reports the customer's wish to clients.
    pub(super) fn event(self, customer: &PhoneNumber) -> Event {
        match self {
            Self::OptOut { word } => Event::ContactOptOut(consent(customer, BY_KEYWORD, Some(word))),
            Self::OptIn { word } => Event::ContactOptIn(consent(customer, BY_KEYWORD, Some(word))),
        }
    }
}

impl Transition {
    /// Applies a keyword of the customer. An opt-out ends the conversation. A configured confirmation is sent, unless the
    /// carrier sends its own.
    pub(super) fn heeds(&mut self, keyword: KeywordEffect) {
        self.effects.push(keyword.effect());
        self.emit(keyword.event(&self.conversation.to));
        if keyword.is_opt_out() {
            self.end(EndReason::OPTED_OUT);
            let text = self.conversation.terms.opt_out_text.clone();
            if let Some(text) = text.filter(|_| !self.conversation.provider.answers_keywords()) {
                self.write(Author::Agent, text, Purpose::OptOutConfirmation);
            }
        }
    }

    /// Applies an opt-out that the carrier reports.
    pub(super) fn opted_out_at_carrier(&mut self) {
        self.effects.push(Effect::Suppress { source: BY_CARRIER.to_owned() });
        self.emit(Event::ContactOptOut(consent(&self.conversation.to, BY_CARRIER, None)));
        self.end(EndReason::OPTED_OUT);
    }
}

fn consent(customer: &PhoneNumber, source: &str, keyword: Option<&str>) -> Consent {
    Consent {
        phone_number: customer.clone(),
        channel: Channel::Sms,
        source: source.to_owned(),
        keyword: keyword.map(str::to_owned),
    }
}
