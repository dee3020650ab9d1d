//! Chat: a conversation that the provider's own agent holds. Ringdown gives that agent the opening message and reads the
//! rest at the provider. Each message that is read is stored as if it had passed through Ringdown. Neither an agent nor a
//! person of ours can write into a chat.

use serde::{Deserialize, Serialize};

use super::input::RecipientStatus;
use super::transition::Transition;
use super::{Author, ChatShown, ChatText, DeliveryStatus, Inbound, Message, SmsConversation, StoredMessage};
use crate::dispatch::retry_delay;
use crate::end_reason::EndReason;
use crate::ids::ProviderMessageId;
use crate::log::{Event, Note};
use crate::objections::Objections;
use crate::planted::{Bug, is_planted};
use crate::suppression::keyword_effect;
use crate::time::{Span, Timestamp};

/// Maximum number of messages that one change applies. Each message is one item, with one item for its event and one for
/// each subscribed endpoint. The events of an opt-out and of the end add such items, too. All of them are one transaction,
/// which may have 100 items.
const MOST_TAKEN_IN: usize = 2;

/// Shortest and longest wait before a chat is read again. In between, the wait is half of the time without a message. An
/// active chat is read soon, and a silent one costs little.
const READ_AGAIN: (Span, Span) = (Span::seconds(15), Span::hours(1));

/// Time for which reading a chat, or ending it, is tried without success before it is given up.
const PATIENCE: Span = Span::hours(24);

/// Chat at a provider, with the position up to which it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Provider's id for the chat.
    pub id: ProviderMessageId,
    /// Number of the chat's messages that were applied.
    pub read: u32,
    /// Provider's id for the last message that was applied.
    pub last: Option<ProviderMessageId>,
    /// Time of the last complete read. At first, it is the time at which the chat began.
    pub read_at: Timestamp,
    /// Time of the next read. Once the conversation is over, it is the time of the next request to end the chat.
    pub next_at: Timestamp,
    /// Number of requests to the provider to end the chat.
    pub endings: u32,
    /// `true` if the chat needs no more action: it is over at the provider, or was given up.
    pub over: bool,
}

impl Chat {
    /// Returns a chat that has just begun, with nothing read.
    pub(super) fn begun(id: ProviderMessageId, now: Timestamp) -> Self {
        Self { id, read: 0, last: None, read_at: now, next_at: now + READ_AGAIN.0, endings: 0, over: false }
    }

    /// Returns the messages that were not applied yet. They follow the last applied message, which is found by its id. If
    /// the provider does not show that message any more, as many messages are skipped as were applied.
    fn unread<'a>(&self, texts: &'a [ChatText]) -> &'a [ChatText] {
        let known = self.last.as_ref().and_then(|last| texts.iter().position(|text| text.id == *last));
        let first = known.map_or(self.read as usize, |place| place + usize::from(!is_planted(Bug::ReadChatAnew)));
        texts.get(first..).unwrap_or_default()
    }

    /// Returns the time from which the chat counts as lost if it cannot be read.
    pub(super) fn lost_at(&self) -> Timestamp {
        self.read_at + PATIENCE
    }
}

/// Returns the time from which a chat that cannot be ended is left to the provider.
pub(super) fn left_at(ended_at: Timestamp) -> Timestamp {
    ended_at + PATIENCE
}

impl SmsConversation {
    /// Returns the chat that still has to be read or ended.
    pub(super) fn open_chat(&self) -> Option<&Chat> {
        self.chat.as_ref().filter(|chat| !chat.over)
    }

    /// Returns `true` if every message that was written before `moment` is known. In a chat, messages are known up to its
    /// last complete read.
    pub(super) fn is_heard_until(&self, moment: Timestamp) -> bool {
        self.open_chat().is_none_or(|chat| chat.read_at >= moment)
    }

    /// Returns the time at which the conversation is closed for inactivity, if no message comes before it.
    pub(super) fn idle_at(&self) -> Timestamp {
        self.last_message_at + self.terms.inactivity()
    }
}

impl Transition {
    /// Schedules the end of the chat for now, because the conversation is over.
    pub(super) fn ends_chat(&mut self) {
        if let Some(chat) = &mut self.conversation.chat {
            chat.next_at = self.now;
            chat.over |= is_planted(Bug::KeepChat);
        }
    }

    /// Records the chat that the provider has begun for this conversation.
    pub(super) fn begins_chat(&mut self, id: &ProviderMessageId) {
        let is_over = self.conversation.is_ended();
        let chat = Chat::begun(id.clone(), self.now);
        self.conversation.chat = Some(Chat { next_at: if is_over { self.now } else { chat.next_at }, ..chat });
    }

    /// Applies a read of the chat. `shown` is `None` if the provider did not show it.
    pub(super) fn chat_read(&mut self, mut opening: StoredMessage, shown: Option<ChatShown>, beside: RecipientStatus) {
        if !self.conversation.provider.holds_chats() {
            return;
        }
        let Some(shown) = shown else {
            self.reads_again();
            return;
        };
        let before = opening.clone();
        if opening.message.provider_message_id.is_none() {
            self.adopted(&mut opening, shown.id.clone());
            self.reads_at(self.now);
        } else if self.conversation.chat.as_ref().is_some_and(|chat| chat.id == shown.id) {
            self.takes_in(&mut opening, shown, beside);
        }
        if opening != before {
            self.touch(opening);
        }
    }

    fn takes_in(&mut self, opening: &mut StoredMessage, shown: ChatShown, beside: RecipientStatus) {
        if self.conversation.is_ended() {
            self.chat_is_over(shown.ended.is_some());
            return;
        }
        let Some(chat) = self.conversation.chat.clone() else { return };
        let unread = chat.unread(&shown.texts);
        let mut suppressed_by = beside.suppressed_by;
        for text in unread.iter().take(MOST_TAKEN_IN) {
            self.takes_in_text(opening, text, &mut suppressed_by);
            if self.conversation.is_ended() {
                return;
            }
        }
        if unread.len() > MOST_TAKEN_IN {
            self.reads_at(self.now);
            return;
        }
        if let Some(chat) = &mut self.conversation.chat {
            chat.read_at = self.now;
        }
        if let Some(reason) = shown.ended {
            if reason == EndReason::OPTED_OUT {
                self.opted_out_at_carrier();
            }
            self.end(reason);
            self.chat_is_over(true);
        } else {
            let suppressed = suppressed_by.is_some() && !is_planted(Bug::TextSuppressed);
            match (Objections { suppressed, ..beside.objections }).reason() {
                Some(reason) => self.end(reason),
                None => self.reads_again(),
            }
        }
    }

    fn takes_in_text(&mut self, opening: &mut StoredMessage, text: &ChatText, suppressed_by: &mut Option<String>) {
        let Some(chat) = &mut self.conversation.chat else { return };
        let is_first = chat.read == 0;
        chat.read += 1;
        chat.last = Some(text.id.clone());
        if is_first && text.author != Author::Customer {
            self.opened_with(opening, &text.content);
            return;
        }
        let heard_before = self.conversation.last_message_at;
        let number = self.next_number();
        // The time of writing counts, so that a late read does not make a silence look shorter than it was. It is never
        // later than now, because the provider's clock may be ahead of ours.
        let at = text.at.min(self.now).max(self.conversation.created_at);
        self.conversation.last_message_at = at.max(heard_before);
        let message = Message {
            sent_at: Some(at),
            provider_message_id: Some(text.id.clone()),
            status: (text.author != Author::Customer).then_some(DeliveryStatus::Sent),
            ..Message::outbound(self.conversation.id, number, text.author, text.content.clone(), self.now)
        };
        let event = self.event_of(&message, text.id.clone());
        self.stores(message);
        if text.author != Author::Customer {
            self.emit(Event::SmsMessageSent(event));
            return;
        }
        self.emit(Event::SmsMessageReceived(event));
        // The provider's agent answers this message.
        self.conversation.received = number;
        self.conversation.answered = number;
        let inbound =
            Inbound { provider_message_id: text.id.clone(), content: text.content.clone(), carrier_keyword: None };
        if let Some(effect) = keyword_effect(inbound.keyword(), suppressed_by.as_deref()) {
            self.heeds(effect);
            if !effect.is_opt_out() {
                *suppressed_by = None;
            }
        }
    }

    /// Compares the chat's first message with our opening message. If the provider's agent wrote something else, its words
    /// are stored, because the customer has read them.
    fn opened_with(&mut self, opening: &mut StoredMessage, content: &str) {
        self.delivery(opening, DeliveryStatus::Sent, None);
        if opening.message.content != content && !content.trim().is_empty() {
            opening.message.content = content.to_owned();
            self.note(Note::OpenedOtherwise);
        }
    }

    fn reads_again(&mut self) {
        let (now, idle_at) = (self.now, self.conversation.idle_at());
        let silence = now.since(self.conversation.last_message_at).half();
        let next_at = now + silence.clamp(READ_AGAIN.0, READ_AGAIN.1);
        // The chat is read once more before its silence counts as inactivity.
        self.reads_at(if now < idle_at { next_at.min(idle_at) } else { next_at });
    }

    fn reads_at(&mut self, at: Timestamp) {
        if !self.conversation.is_ended()
            && let Some(chat) = &mut self.conversation.chat
        {
            chat.next_at = at;
        }
    }

    /// Applies the result of a request to the provider to end the chat.
    pub(super) fn chat_ended(&mut self, confirmed: bool) {
        if !self.conversation.is_ended() {
            return;
        }
        let now = self.now;
        if let Some(chat) = self.conversation.chat.as_mut().filter(|chat| !chat.over) {
            chat.endings = chat.endings.saturating_add(1);
            chat.next_at = now + retry_delay(chat.endings);
        }
        self.chat_is_over(confirmed);
    }

    pub(super) fn chat_is_over(&mut self, over: bool) {
        if let Some(chat) = &mut self.conversation.chat {
            chat.over |= over;
        }
    }

    /// Applies the passage of time to the chat. A chat that cannot be read is lost, and one that cannot be ended is left to
    /// the provider.
    pub(super) fn pass_chat_time(&mut self) {
        let Some(chat) = self.conversation.open_chat() else { return };
        match self.conversation.ended_at {
            None if self.now >= chat.lost_at() => self.end(EndReason::PROVIDER_LOST),
            Some(ended_at) if self.now >= left_at(ended_at) => {
                self.note(Note::ChatLeft);
                self.chat_is_over(true);
            }
            None | Some(_) => {}
        }
    }
}
