//! Sending of a message: it is claimed, requested once, and settled. As for calls, an attempt with an unknown outcome is
//! searched for and never repeated.

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

/// Maximum number of a conversation's messages on their way at once. A client that writes faster than the provider accepts
/// has to wait.
pub(super) const MAX_SENDS: usize = 10;

/// Rules for attempts to send a message. A provider's request to wait is followed for at most 60 seconds. If the provider
/// wants a longer wait, it asks again.
const RULES: Rules = Rules { longest_retry_after: Some(Span::seconds(60)), repeating_bug: Bug::ResendTimeout };

/// Time after acceptance within which an opening message has to be requested. A later retry is not made. By then the
/// outcome is known or being searched for, or the message provably never left.
const OPENING_PATIENCE: Span = Span::minutes(5);

/// Error code of a message whose outcome is unknown and that no search found.
const UNCONFIRMED: &str = "dispatch_unconfirmed";

impl Send {
    /// Creates the entry for a message that is requested at once, by the commit that writes it.
    pub(super) fn claimed(message: u32, purpose: Purpose, now: Timestamp) -> Self {
        let state = SendState::Asking(Asking::claimed(now, 0));
        Self { message, purpose, attempt: 1, state, answering: None }
    }

    /// Creates the entry for a message that a consumer has to claim.
    pub(super) fn waiting(message: u32, purpose: Purpose, now: Timestamp) -> Self {
        let state = SendState::Waiting { from: now, failures: 0 };
        Self { message, purpose, attempt: 0, state, answering: None }
    }
}

impl Objections {
    /// Returns the objections that apply to a message of this purpose. The confirmation of an opt-out is sent in spite of
    /// the opt-out.
    fn heeded(self, purpose: Purpose) -> Self {
        let suppressed = self.suppressed && purpose.heeds_suppression() && !is_planted(Bug::TextSuppressed);
        Self { suppressed, ..self }
    }
}

impl Transition {
    fn send_mut(&mut self, message: u32) -> Option<&mut Send> {
        self.conversation.sends.iter_mut().find(|send| send.message == message)
    }

    /// Returns why a message must not be sent any more; `None` if it may be sent.
    fn forbidden(&self, purpose: Purpose, objections: Objections) -> Option<EndReason> {
        let objected = objections.heeded(purpose).reason();
        let closed = self.conversation.end_reason.clone();
        match purpose {
            _ if objected.is_some() => objected,
            Purpose::OptOutConfirmation => None,
            // The request for this message was accepted, and its answer says that the message is sent. So it is sent even
            // if a newer conversation has closed this one.
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

    /// Returns the attempt to send a message, and the message's purpose, if the outcome is still open.
    fn open_send(&self, message: u32, attempt: u32) -> Option<(Open, Purpose)> {
        let send = self.conversation.send(message).filter(|send| send.attempt == attempt)?;
        match send.state {
            SendState::Asking(asking) => Some((Open::Asking(asking), send.purpose)),
            SendState::Unknown(unknown) => Some((Open::Unknown(unknown), send.purpose)),
            SendState::Waiting { .. } => None,
        }
    }

    /// Returns `true` if an attempt at that time would send the opening message too late.
    fn opens_too_late(&self, message: u32, at: Timestamp) -> bool {
        message == 1 && at >= self.conversation.created_at + OPENING_PATIENCE
    }

    fn set_state(&mut self, message: u32, state: SendState) {
        if let Some(send) = self.send_mut(message) {
            send.state = state;
        }
    }

    /// Settles a message that was not sent and never will be.
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
            // The rest of the answer is not sent, because half an answer is no answer.
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
        // The search for a message ends with the wait for its outcome, even if its conversation is over.
        let unknown = unknown.not_found(self.now, false).searched_by(given_up_at);
        self.set_state(message, SendState::Unknown(unknown));
    }

    /// Removes a message at the provider that was matched by likeness, because it belongs to another conversation. It was
    /// matched shortly before the end of the wait, so no time is left for another search.
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
