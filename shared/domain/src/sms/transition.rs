//! Transition of an SMS conversation, with the changes that every input may make.

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

/// Conversation in the middle of a step.
pub(super) struct Transition {
    pub(super) conversation: SmsConversation,
    pub(super) now: Timestamp,
    pub(super) claimed: Option<Claim>,
    pub(super) effects: Vec<Effect>,
    log: Vec<LogEntry>,
    /// Changed message that the input is about. It is written once, however many changes it gets.
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

    /// Ends the conversation. The actor follows from the reason.
    pub(super) fn end(&mut self, reason: EndReason) {
        let by = EndedBy::of_reason(&reason);
        self.end_by(reason, by);
    }

    /// Ends the conversation. Messages on their way still have to be settled.
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

    /// Writes a message that the next free consumer claims and sends.
    pub(super) fn write(&mut self, author: Author, content: String, purpose: Purpose) {
        let number = self.store(author, content);
        self.conversation.sends.push(Send::waiting(number, purpose, self.now));
    }

    /// Writes a message that the caller claims in the same commit and sends at once. Returns its number.
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

    /// Records that the provider has this message, under this id.
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

    /// Writes the next part of an answer that takes several messages.
    fn goes_on(&mut self) {
        if !self.conversation.rest.is_empty() {
            let part = self.conversation.rest.remove(0);
            self.write(Author::Agent, part, Purpose::Reply);
        }
    }

    /// Records that this message at the provider belongs to the conversation, if the provider's own list does not show it.
    /// Also begins the chat, if the provider holds chats.
    fn hold(&mut self, message: u32, id: &ProviderMessageId, by: HeldBy) {
        let provider = self.conversation.provider;
        if !provider.lists_our_attempts() {
            self.effects.push(Effect::HoldAtProvider { provider, id: id.to_string(), message: Some(message), by });
        }
        if provider.holds_chats() {
            self.begins_chat(id);
        }
    }

    /// Applies the provider's delivery status of a message, if it is newer than the known one.
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

    /// Applies an unasked report by which the provider shows that it has this message.
    pub(super) fn adopted(&mut self, stored: &mut StoredMessage, id: ProviderMessageId) {
        if self.conversation.send(stored.message.number).is_some() {
            self.accepted(stored, id, HeldBy::Name);
        } else {
            // The message was given up before. Its status stays as clients were told.
            self.hold(stored.message.number, &id, HeldBy::Name);
            stored.message.provider_message_id = Some(id);
        }
    }
}
