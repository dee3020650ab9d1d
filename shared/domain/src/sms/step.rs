//! The rules of an SMS conversation: one function.

use super::chat::Beside;
use super::{
    Answering, Author, DeliveryReport, DeliveryStatus, Inbound, Input, Keyword, Message, Purpose, Send, SilenceReason,
    SmsConversation, Status, StoredMessage, Turn,
};
use crate::conversation::{Change, forget_when_due};
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::holder::HeldBy;
use crate::ids::{Channel, ProviderMessageId};
use crate::log::{Consent, ConversationClosed, DeliveryUpdated, Entry, Event, LogEntry, Note, SmsMessage};
use crate::planted::{Bug, is_planted};
use crate::time::Timestamp;

/// The source of a do-not-call entry that a customer's own keyword made: what another keyword lifts.
pub const BY_KEYWORD: &str = "keyword";

/// The source of a do-not-call entry that a carrier told us of.
pub const BY_CARRIER: &str = "carrier";

/// The rules of an SMS conversation. News goes before the clock: what an input brings is taken in first, then what time
/// alone brings about.
pub fn step(conversation: &SmsConversation, input: Input, now: Timestamp) -> Change<SmsConversation> {
    let mut transition = Transition::new(conversation.clone(), now);
    // Time's alone to do: whoever else comes by may not be allowed to delete.
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
            transition.chat_read(opening, shown, Beside { suppressed_by, objections });
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

/// A conversation in the middle of a step.
pub(super) struct Transition {
    pub(super) conversation: SmsConversation,
    pub(super) now: Timestamp,
    pub(super) claimed: Option<super::Claim>,
    pub(super) effects: Vec<Effect>,
    log: Vec<LogEntry>,
    /// The text that the input is about, changed: one write, whatever happened to it.
    touched: Option<StoredMessage>,
}

impl Transition {
    fn new(conversation: SmsConversation, now: Timestamp) -> Self {
        Self { conversation, now, claimed: None, effects: Vec::new(), log: Vec::new(), touched: None }
    }

    fn finish(mut self) -> Change<SmsConversation> {
        self.effects.extend(self.touched.map(Effect::UpdateMessage));
        Change { after: self.conversation, log: self.log, effects: self.effects, claimed: self.claimed }
    }

    pub(super) fn note(&mut self, note: Note) {
        self.append(Entry::Note { note });
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.conversation.sequence += 1;
        self.append(Entry::Event { sequence: self.conversation.sequence, event });
    }

    fn append(&mut self, entry: Entry) {
        self.conversation.log_length += 1;
        self.log.push(LogEntry { number: self.conversation.log_length, at: self.now, entry });
    }

    /// Ends the conversation, by whom its reason says.
    pub(super) fn end(&mut self, reason: EndReason) {
        let by = EndedBy::of_reason(&reason);
        self.end_by(reason, by);
    }

    /// Ends the conversation. Texts that are on their way stay an obligation.
    fn end_by(&mut self, reason: EndReason, by: Option<EndedBy>) {
        if self.conversation.is_ended() {
            return;
        }
        self.conversation.status = Status::Ended;
        self.conversation.ended_at = Some(self.now);
        self.conversation.end_reason = Some(reason.clone());
        self.conversation.ended_by = by;
        self.conversation.turn = Turn::Idle;
        self.conversation.rest.clear();
        self.ends_chat();
        self.emit(Event::SmsConversationClosed(ConversationClosed {
            ended_at: self.now,
            end_reason: reason,
            ended_by: by,
        }));
    }

    fn received(&mut self, inbound: Inbound, suppressed_by: Option<&str>) {
        if self.conversation.is_ended() {
            return;
        }
        let (keyword, lifts) = (inbound.keyword(), inbound.lifts(suppressed_by));
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
        match keyword {
            Some((Keyword::Stop, word)) if !is_planted(Bug::StopIsAnOrdinaryText) => self.opts_out(word),
            Some((Keyword::Start, word)) if lifts => self.opts_in(word),
            Some((Keyword::Help, _)) if self.carrier_answers() => {}
            Some(_) | None if is_repeated && self.conversation.answers() && !self.conversation.taken_over => {
                self.falls_silent(SilenceReason::RepeatedText, None);
            }
            Some((Keyword::Help, _)) if self.conversation.terms.help_text.is_some() => self.helps(),
            Some(_) | None => self.wants_an_answer(number),
        }
    }

    /// The configured answer to HELP, unless the agent has said enough for now.
    fn helps(&mut self) {
        let help = self.conversation.terms.help_text.clone().filter(|_| self.may_say_more());
        if let Some(help) = help {
            self.write(Author::Agent, help, Purpose::Help);
        }
    }

    /// Some carriers answer STOP and HELP themselves; then we do not.
    fn carrier_answers(&self) -> bool {
        self.conversation.provider.answers_keywords()
    }

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

    pub(super) fn next_number(&mut self) -> u32 {
        self.conversation.messages += 1;
        self.conversation.last_message_at = self.now;
        self.conversation.messages
    }

    /// Writes a text that is to leave, as soon as somebody claims it.
    pub(super) fn write(&mut self, author: Author, content: String, purpose: Purpose) {
        let number = self.store(author, content);
        self.conversation.sends.push(Send::waiting(number, purpose, self.now));
    }

    /// Writes a text that is to leave at once, claimed by whoever asks.
    pub(super) fn write_claimed(
        &mut self,
        author: Author,
        content: String,
        purpose: Purpose,
        answering: Option<Answering>,
    ) -> u32 {
        let number = self.store(author, content);
        let send = Send { answering, ..Send::claimed(number, purpose, self.now) };
        self.claimed = Some(super::Claim::Send { message: number, attempt: send.attempt });
        self.conversation.sends.push(send);
        number
    }

    fn store(&mut self, author: Author, content: String) -> u32 {
        if author == Author::Agent {
            self.counts_text();
        }
        let number = self.next_number();
        self.stores(Message::outbound(self.conversation.id, number, author, content, self.now));
        number
    }

    pub(super) fn stores(&mut self, message: Message) {
        self.effects.push(Effect::StoreMessage(message));
    }

    /// The provider has this text: it is known under that id from now on.
    pub(super) fn accepted(&mut self, stored: &mut StoredMessage, id: ProviderMessageId, by: HeldBy) {
        let purpose = self.conversation.send(stored.message.number).map(|send| send.purpose);
        self.conversation.sends.retain(|send| send.message != stored.message.number);
        self.hold(stored.message.number, &id, by);
        stored.message.provider_message_id = Some(id.clone());
        stored.message.sent_at = Some(self.now);
        self.emit(Event::SmsMessageSent(self.event_of(&stored.message, id.clone())));
        if stored.message.number == 1 {
            self.conversation.opening_id = Some(id);
            self.conversation.status = self.conversation.status.max(Status::InProgress);
        }
        if purpose == Some(Purpose::Reply) {
            self.goes_on();
        }
    }

    /// The next part of an answer that is longer than one text.
    fn goes_on(&mut self) {
        if !self.conversation.rest.is_empty() {
            let part = self.conversation.rest.remove(0);
            self.write(Author::Agent, part, Purpose::Reply);
        }
    }

    /// This text at the provider is ours: to be remembered where the provider's own list does not show it.
    fn hold(&mut self, message: u32, id: &ProviderMessageId, by: HeldBy) {
        let provider = self.conversation.provider;
        if !provider.lists_our_attempts() {
            self.effects.push(Effect::HoldAtProvider { provider, id: id.to_string(), message: Some(message), by });
        }
        if provider.holds_chats() {
            self.begins_chat(id);
        }
    }

    /// What the provider says of a text's delivery, as far as it is news.
    pub(super) fn delivery(&mut self, stored: &mut StoredMessage, status: DeliveryStatus, error_code: Option<String>) {
        let Some(known) = stored.message.status else { return };
        if !status.follows(known) && !is_planted(Bug::DeliveryMovesBack) {
            return;
        }
        stored.message.status = Some(status);
        stored.message.error_code.clone_from(&error_code);
        self.emit(Event::SmsMessageDeliveryUpdated(DeliveryUpdated {
            message_id: stored.message.id,
            provider_message_id: stored.message.provider_message_id.clone(),
            status,
            previous_status: known,
            error_code,
            at: self.now,
        }));
    }

    pub(super) fn touch(&mut self, stored: StoredMessage) {
        self.touched = Some(stored);
    }

    pub(super) fn event_of(&self, message: &Message, provider_message_id: ProviderMessageId) -> SmsMessage {
        let (ours, customer) = (self.conversation.from.clone(), self.conversation.to.clone());
        let (from, to) = match message.author {
            Author::Agent | Author::Person => (ours, customer),
            Author::Customer => (customer, ours),
        };
        SmsMessage {
            message_id: message.id,
            provider_message_id,
            sequence_number: Some(message.number),
            from,
            to,
            content: message.content.clone(),
            direction: message.direction(),
            sent_at: message.sent_at.unwrap_or(message.created_at),
            author: message.author,
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

    /// The provider tells, unasked, that it has this text.
    pub(super) fn adopted(&mut self, stored: &mut StoredMessage, id: ProviderMessageId) {
        if self.conversation.send(stored.message.number).is_some() {
            self.accepted(stored, id, HeldBy::Name);
        } else {
            // It was given up; its state stays what clients were told.
            self.hold(stored.message.number, &id, HeldBy::Name);
            stored.message.provider_message_id = Some(id);
        }
    }

    /// What cannot be brought forward is ended; what cannot be ended is let go.
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

    /// What time alone brings about.
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
