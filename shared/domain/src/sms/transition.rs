//! An SMS conversation in the middle of a step: what every input may do to it.

use super::{
    Answering, Author, Claim, DeliveryStatus, Message, Purpose, Send, SmsConversation, Status, StoredMessage, Turn,
};
use crate::conversation::Change;
use crate::effect::Effect;
use crate::end_reason::EndReason;
use crate::ended_by::EndedBy;
use crate::holder::HeldBy;
use crate::ids::ProviderMessageId;
use crate::log::{ConversationClosed, DeliveryUpdated, Entry, Event, LogEntry, Note, SmsMessage};
use crate::planted::{Bug, is_planted};
use crate::time::Timestamp;

/// A conversation in the middle of a step.
pub(super) struct Transition {
    pub(super) conversation: SmsConversation,
    pub(super) now: Timestamp,
    pub(super) claimed: Option<Claim>,
    pub(super) effects: Vec<Effect>,
    log: Vec<LogEntry>,
    /// The text that the input is about, changed: one write, whatever happened to it.
    touched: Option<StoredMessage>,
}

impl Transition {
    pub(super) fn new(conversation: SmsConversation, now: Timestamp) -> Self {
        Self { conversation, now, claimed: None, effects: Vec::new(), log: Vec::new(), touched: None }
    }

    pub(super) fn finish(mut self) -> Change<SmsConversation> {
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
    pub(super) fn end_by(&mut self, reason: EndReason, by: Option<EndedBy>) {
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
        self.claimed = Some(Claim::Send { message: number, attempt: send.attempt });
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
}
