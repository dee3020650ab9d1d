//! How a text leaves: claimed, asked for once, settled. As with a call's dispatch, an attempt whose outcome is not known
//! is looked for and never repeated.

use super::transition::Transition;
use super::{Author, Claim, DeliveryReport, DeliveryStatus, Outcome, Purpose, Send, SendState, StoredMessage, Turn};
use crate::dispatch::{Asking, Open, Retry, Rules, Settled, Unknown};
use crate::effect::{Effect, RememberedKey};
use crate::end_reason::EndReason;
use crate::holder::{HeldBy, Holder};
use crate::ids::ProviderMessageId;
use crate::log::Note;
use crate::objections::Objections;
use crate::planted::{Bug, is_planted};
use crate::time::{Span, Timestamp};

/// How many texts of a conversation may be on their way at once: whoever writes faster than a provider takes is told to
/// wait.
pub(super) const MAX_SENDS: usize = 10;

/// The rules of attempts to send a text. A provider that wants a longer wait says so again.
const RULES: Rules = Rules { longest_retry_after: Some(Span::seconds(60)), repeating_bug: Bug::ResendTimeout };

/// By then the outcome of an opening text is known, or it is sought; what provably never left is given up.
const OPENING_PATIENCE: Span = Span::minutes(5);

/// The error code of a text that was not found again.
const UNCONFIRMED: &str = "dispatch_unconfirmed";

impl Send {
    /// A text that whoever writes it asks for at once.
    pub(super) fn claimed(message: u32, purpose: Purpose, now: Timestamp) -> Self {
        let state = SendState::Asking(Asking::claimed(now, 0));
        Self { message, purpose, attempt: 1, state, answering: None }
    }

    /// A text that somebody is to claim.
    pub(super) fn waiting(message: u32, purpose: Purpose, now: Timestamp) -> Self {
        let state = SendState::Waiting { from: now, failures: 0 };
        Self { message, purpose, attempt: 0, state, answering: None }
    }
}

impl Objections {
    /// Those that a text of this kind heeds: the confirmation of an opt-out leaves in spite of it.
    fn heeded(self, purpose: Purpose) -> Self {
        let suppressed = self.suppressed && purpose.heeds_suppression() && !is_planted(Bug::TextSuppressed);
        Self { suppressed, ..self }
    }
}

impl Transition {
    fn send_mut(&mut self, message: u32) -> Option<&mut Send> {
        self.conversation.sends.iter_mut().find(|send| send.message == message)
    }

    /// Why a text must not leave any more, if it must not.
    fn forbidden(&self, purpose: Purpose, objections: Objections) -> Option<EndReason> {
        let objected = objections.heeded(purpose).reason();
        let closed = self.conversation.end_reason.clone();
        match purpose {
            _ if objected.is_some() => objected,
            Purpose::OptOutConfirmation => None,
            // The request for it was accepted, and answers that it was sent.
            Purpose::Opening => closed.filter(|reason| *reason != EndReason::SUPERSEDED),
            Purpose::Reply | Purpose::Person | Purpose::Help | Purpose::Fallback => closed,
        }
    }

    pub(super) fn person_writes(&mut self, content: String, key: Option<(String, String)>) {
        if !self.conversation.takes_texts() {
            return;
        }
        self.conversation.taken_over = true;
        self.conversation.turn = Turn::Idle;
        self.conversation.answered = self.conversation.received;
        self.conversation.rest.clear();
        self.breaks_silence();
        let message = self.write_claimed(Author::Person, content, Purpose::Person, None);
        let remembered = key.map(|(key, fingerprint)| RememberedKey { key, fingerprint, message });
        self.effects.extend(remembered.map(Effect::RememberKey));
    }

    pub(super) fn claim_send(&mut self, stored: StoredMessage, objections: Objections) {
        let now = self.now;
        let Some(send) = self.conversation.send(stored.message.number) else { return };
        let SendState::Waiting { from, failures } = send.state else { return };
        if now < from {
            return;
        }
        if let Some(reason) = self.forbidden(send.purpose, objections) {
            let why = format!("it must not leave: {reason}");
            self.refused(stored, reason, why);
            return;
        }
        let Some(send) = self.send_mut(stored.message.number) else { return };
        send.attempt += 1;
        send.state = SendState::Asking(Asking::claimed(now, failures));
        let (message, attempt) = (send.message, send.attempt);
        self.claimed = Some(Claim::Send { message, attempt });
    }

    pub(super) fn settle(&mut self, attempt: u32, mut stored: StoredMessage, outcome: Outcome) {
        let message = stored.message.number;
        let Some((open, purpose)) = self.open_send(message, attempt) else { return };
        match open.settle(outcome, RULES, self.now) {
            Settled::Accepted(id) => {
                self.accepted(&mut stored, id, HeldBy::Name);
                self.touch(stored);
            }
            Settled::NotPlaced { retry, why } => {
                let retry = retry.filter(|retry| !self.opens_too_late(message, retry.from));
                match (self.forbidden(purpose, Objections::NONE), retry) {
                    (Some(reason), _) => self.refused(stored, reason, why),
                    (None, None) => self.refused(stored, EndReason::PROVIDER_UNAVAILABLE, why),
                    (None, Some(Retry { from, failures })) => {
                        self.note(Note::NotSent { message, why });
                        self.set_state(message, SendState::Waiting { from, failures });
                    }
                }
            }
            Settled::Refused { reason, why } => self.refused(stored, reason, why),
            Settled::Unknown { since, why } => self.unknown_send(message, since, why),
            Settled::Unchanged => {}
        }
    }

    /// Returns the attempt to send a text, and what the text is for, if its outcome is still to be told.
    fn open_send(&self, message: u32, attempt: u32) -> Option<(Open, Purpose)> {
        let send = self.conversation.send(message).filter(|send| send.attempt == attempt)?;
        match send.state {
            SendState::Asking(asking) => Some((Open::Asking(asking), send.purpose)),
            SendState::Unknown(unknown) => Some((Open::Unknown(unknown), send.purpose)),
            SendState::Waiting { .. } => None,
        }
    }

    /// Returns `true` if an attempt at that moment would open the conversation later than it may open.
    fn opens_too_late(&self, message: u32, at: Timestamp) -> bool {
        message == 1 && at >= self.conversation.created_at + OPENING_PATIENCE
    }

    fn set_state(&mut self, message: u32, state: SendState) {
        if let Some(send) = self.send_mut(message) {
            send.state = state;
        }
    }

    /// It never left and never will.
    fn refused(&mut self, mut stored: StoredMessage, reason: EndReason, why: String) {
        let message = stored.message.number;
        let opening = message == 1;
        let send = self.conversation.send(message).cloned();
        self.conversation.sends.retain(|send| send.message != message);
        self.note(Note::SendRefused { message, why });
        self.delivery(&mut stored, DeliveryStatus::Failed, Some(reason.to_string()));
        self.touch(stored);
        if reason == EndReason::OPTED_OUT && !self.conversation.is_ended() {
            self.opted_out_at_carrier();
        } else if opening || Objections::REASONS.contains(&reason) {
            self.end(reason);
        } else if let Some(Send { purpose: Purpose::Reply, answering, .. }) = send {
            // Half an answer is none: what was to follow stays here.
            self.conversation.rest.clear();
            if let Some(answering) = answering {
                self.answer_refused(answering, &reason);
            }
        }
    }

    fn unknown_send(&mut self, message: u32, since: Timestamp, why: String) {
        self.note(Note::SendUnknown { message, why });
        self.set_state(message, SendState::Unknown(Unknown::begun(since, self.now, false)));
    }

    pub(super) fn searched(
        &mut self,
        attempt: u32,
        mut stored: StoredMessage,
        found: Option<DeliveryReport>,
        by: HeldBy,
    ) {
        let message = stored.message.number;
        let Some((Open::Unknown(unknown), _)) = self.open_send(message, attempt) else { return };
        if let Some(report) = found {
            self.accepted(&mut stored, report.provider_message_id, by);
            self.delivery(&mut stored, report.status, report.error_code);
            self.touch(stored);
            return;
        }
        let given_up_at = unknown.since + self.conversation.provider.settlement();
        if self.now >= given_up_at {
            self.unconfirmed(stored);
            return;
        }
        // The search of a text ends with the wait for its outcome, whether or not its conversation is over.
        let unknown = unknown.not_found(self.now, false).searched_by(given_up_at);
        self.set_state(message, SendState::Unknown(unknown));
    }

    /// The text at the provider that was taken for this one is another conversation's. It was taken shortly before the wait was
    /// over, so that nothing is left to be searched for.
    pub(super) fn taken_away(&mut self, mut stored: StoredMessage, id: &ProviderMessageId, to: Holder) {
        let (message, provider) = (stored.message.number, self.conversation.provider);
        self.note(Note::TextTakenAway { message });
        self.effects.push(Effect::HandOver { provider, id: id.to_string(), to });
        if stored.message.provider_message_id.as_ref() != Some(id) {
            return;
        }
        stored.message.provider_message_id = None;
        if message == 1 {
            self.conversation.opening_id = None;
        }
        self.unconfirmed(stored);
    }

    fn unconfirmed(&mut self, mut stored: StoredMessage) {
        let message = stored.message.number;
        self.conversation.sends.retain(|send| send.message != message);
        self.conversation.rest.clear();
        self.note(Note::SendUnconfirmed { message });
        self.delivery(&mut stored, DeliveryStatus::Failed, Some(UNCONFIRMED.to_owned()));
        self.touch(stored);
        if message == 1 {
            self.end(EndReason::DISPATCH_UNCONFIRMED);
        }
    }

    pub(super) fn pass_send_time(&mut self) {
        let now = self.now;
        let lapsed = |send: &Send| match send.state {
            SendState::Asking(asking) => asking.lapsed(now).map(|why| (send.message, asking.since, why)),
            SendState::Waiting { .. } | SendState::Unknown(_) => None,
        };
        let lapsed: Vec<(u32, Timestamp, String)> = self.conversation.sends.iter().filter_map(lapsed).collect();
        for (message, since, why) in lapsed {
            self.unknown_send(message, since, why);
        }
    }
}
