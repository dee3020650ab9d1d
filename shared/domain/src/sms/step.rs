//! Rules of an SMS conversation, in one function.

use super::input::RecipientStatus;
use super::transition::Transition;
use super::{
    Author, DeliveryReport, Inbound, Input, Keyword, Message, Purpose, SilenceReason, SmsConversation, StoredMessage,
};
use crate::conversation::{Change, forget_when_due};
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::log::{Event, Note};
use crate::suppression::keyword_effect;
use crate::time::Timestamp;

/// Applies an input to an SMS conversation. The input takes effect first, then the time that has passed.
pub fn step(conversation: &SmsConversation, input: Input, now: Timestamp) -> Change<SmsConversation> {
    let mut transition = Transition::new(conversation.clone(), now);
    // Only inputs of time may delete: the actors behind other inputs may have no permission to delete.
    let may_forget = matches!(input, Input::Tick | Input::Abandon);
    match input {
        Input::Close { reason } => transition.end_by(reason, Some(EndedBy::Client)),
        Input::Received { inbound, suppressed_by } => transition.received(inbound, suppressed_by.as_deref()),
        Input::PersonWrites { content, key } => transition.person_writes(content, key),
        Input::HandBack => transition.hand_back(),
        Input::ClaimSend { stored, objections } => transition.claim_send(stored, objections),
        Input::SendOutcome { attempt, stored, outcome } => transition.settle(attempt, stored, outcome),
        Input::SendSearched { attempt, stored, found, by } => transition.searched(attempt, stored, found, by),
        Input::TakenAway { stored, id, to } => transition.taken_away(stored, &id, to),
        Input::Reported { stored, report } => transition.reported(stored, report),
        Input::ChatRead { opening, shown, suppressed_by, objections } => {
            transition.chat_read(opening, shown, RecipientStatus { suppressed_by, objections });
        }
        Input::ChatEnded { confirmed } => transition.chat_ended(confirmed),
        Input::ClaimTurn { objections } => transition.claim_turn(objections),
        Input::ToolCalled { turn, name, arguments } => transition.tool_called(turn, name, arguments),
        Input::ToolAnswered { tool_call_id, outcome } => transition.tool_answered(&tool_call_id, outcome),
        Input::Answered { turn, content, objections } => transition.answer(turn, content, objections),
        Input::TurnFailed { turn, why, retryable, retry_after } => {
            transition.turn_failed(turn, why, retryable, retry_after);
        }
        Input::Speechless { turn, why } => transition.speechless(turn, why),
        Input::Tick => {}
        Input::Abandon => transition.abandon(),
    }
    transition.pass_time();
    if may_forget && forget_when_due(&mut transition.conversation, now) {
        transition.effects.push(Effect::Forget);
    }
    transition.finish()
}

impl Transition {
    fn received(&mut self, inbound: Inbound, suppressed_by: Option<&str>) {
        if self.conversation.is_ended() {
            return;
        }
        let keyword = inbound.keyword();
        let effect = keyword_effect(keyword, suppressed_by);
        let is_repeated = self.is_repeated(&inbound.content);
        let number = self.next_number();
        let message = Message {
            sent_at: Some(self.now),
            provider_message_id: Some(inbound.provider_message_id.clone()),
            status: None,
            ..Message::outbound(self.conversation.id, number, Author::Customer, inbound.content, self.now)
        };
        self.emit(Event::SmsMessageReceived(self.event_of(&message, inbound.provider_message_id.clone())));
        self.stores(message);
        self.effects.push(Effect::RememberInbound { key: inbound.provider_message_id.to_string() });
        match (effect, keyword) {
            (Some(effect), _) => self.heeds(effect),
            // Some carriers answer HELP themselves. Then we send no answer.
            (None, Some((Keyword::Help, _))) if self.conversation.provider.answers_keywords() => {}
            (None, _) if is_repeated && self.conversation.answers() && !self.conversation.taken_over => {
                self.falls_silent(SilenceReason::RepeatedText, None);
            }
            (None, Some((Keyword::Help, _))) if self.conversation.terms.help_text.is_some() => self.helps(),
            (None, _) => self.wants_an_answer(number),
        }
    }

    /// Sends the configured answer to HELP, unless the agent has reached its hourly limit.
    fn helps(&mut self) {
        let help = self.conversation.terms.help_text.clone().filter(|_| self.may_say_more());
        if let Some(help) = help {
            self.write(Author::Agent, help, Purpose::Help);
        }
    }

    fn reported(&mut self, mut stored: StoredMessage, report: DeliveryReport) {
        let before = stored.clone();
        let known = stored.message.provider_message_id.as_ref();
        if known.is_some_and(|known| *known != report.provider_message_id) {
            return;
        }
        if known.is_none() {
            self.adopted(&mut stored, report.provider_message_id);
        }
        self.delivery(&mut stored, report.status, report.error_code);
        if report.opted_out && !self.conversation.is_ended() {
            self.opted_out_at_carrier();
        }
        if stored != before {
            self.touch(stored);
        }
    }

    /// Abandons the pending work. An open conversation is ended. If it has ended already, its unfinished messages, tool
    /// calls and chat are given up.
    fn abandon(&mut self) {
        self.note(Note::Abandoned);
        if self.conversation.is_ended() {
            self.conversation.sends.clear();
            self.conversation.pending_tools.clear();
            self.chat_is_over(true);
        } else {
            self.end(EndReason::INTERNAL_ERROR);
        }
    }

    /// Applies the passage of time.
    fn pass_time(&mut self) {
        self.pass_send_time();
        self.pass_turn_time();
        self.pass_chat_time();
        let idle_at = self.conversation.idle_at();
        if self.conversation.is_at_rest() && self.now >= idle_at && self.conversation.is_heard_until(idle_at) {
            self.end(EndReason::INACTIVITY_TIMEOUT);
        }
    }
}
