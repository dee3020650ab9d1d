//! A conversation that an agent of the provider's own holds. We give it the opening text; what is said after that is read at
//! the provider, and written down here as if each text had passed through our hands. Nobody of ours can write into it.

use serde::{Deserialize, Serialize};

use super::input::Beside;
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

/// How many texts are taken in at once. Each is an item, with one for its event, and one for each endpoint that wants it; so
/// are what an opt-out says, and the end: all of it is one transaction, of a hundred items at most.
const MOST_TAKEN_IN: usize = 2;

/// How soon a chat is read again, at least and at most. In between, half as long as nobody has written anything: who writes
/// is heard soon, and who does not costs little.
const READ_AGAIN: (Span, Span) = (Span::seconds(15), Span::hours(1));

/// For so long it is tried to read a chat, or to end it, without an answer.
const PATIENCE: Span = Span::hours(24);

/// A chat at a provider, and how far it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The provider's id for it.
    pub id: ProviderMessageId,
    /// How many of its texts were taken in.
    pub read: u32,
    /// The last of those.
    pub last: Option<ProviderMessageId>,
    /// When the provider last showed it.
    pub read_at: Timestamp,
    /// When it is read next; once the conversation is over, when the provider is asked to end it next.
    pub next_at: Timestamp,
    /// How often the provider was asked to end it.
    pub endings: u32,
    /// Whether nothing more is to be done about it: it is over at the provider, or was given up.
    pub over: bool,
}

impl Chat {
    /// A chat that has just begun, as far as we know.
    pub(super) fn begun(id: ProviderMessageId, now: Timestamp) -> Self {
        Self { id, read: 0, last: None, read_at: now, next_at: now + READ_AGAIN.0, endings: 0, over: false }
    }

    /// The texts that were not taken in yet. Those that were are known by the last one's id; where the provider does not show
    /// that any more, by their number.
    fn unread<'a>(&self, texts: &'a [ChatText]) -> &'a [ChatText] {
        let known = self.last.as_ref().and_then(|last| texts.iter().position(|text| text.id == *last));
        let first = known.map_or(self.read as usize, |place| place + usize::from(!is_planted(Bug::ReadChatAnew)));
        texts.get(first..).unwrap_or_default()
    }

    /// From then on it counts as lost if it cannot be read.
    pub(super) fn lost_at(&self) -> Timestamp {
        self.read_at + PATIENCE
    }
}

/// From then on a chat that cannot be ended is left to the provider.
pub(super) fn left_at(ended_at: Timestamp) -> Timestamp {
    ended_at + PATIENCE
}

impl SmsConversation {
    /// The chat that is still to be read, or to be ended.
    pub(super) fn open_chat(&self) -> Option<&Chat> {
        self.chat.as_ref().filter(|chat| !chat.over)
    }

    /// Whether everything that was written by then has come in: what is read at the provider is known only as far as it was
    /// read.
    pub(super) fn is_heard_until(&self, moment: Timestamp) -> bool {
        self.open_chat().is_none_or(|chat| chat.read_at >= moment)
    }

    /// When the silence has lasted too long.
    pub(super) fn idle_at(&self) -> Timestamp {
        self.last_message_at + self.terms.inactivity()
    }
}

impl Transition {
    /// The conversation is over: the chat is to be, too.
    pub(super) fn ends_chat(&mut self) {
        if let Some(chat) = &mut self.conversation.chat {
            chat.next_at = self.now;
            chat.over |= is_planted(Bug::KeepChat);
        }
    }

    /// The provider has a chat for this conversation.
    pub(super) fn begins_chat(&mut self, id: &ProviderMessageId) {
        let is_over = self.conversation.is_ended();
        let chat = Chat::begun(id.clone(), self.now);
        self.conversation.chat = Some(Chat { next_at: if is_over { self.now } else { chat.next_at }, ..chat });
    }

    /// The provider showed the chat, or did not.
    pub(super) fn chat_read(&mut self, mut opening: StoredMessage, shown: Option<ChatShown>, beside: Beside) {
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

    fn takes_in(&mut self, opening: &mut StoredMessage, shown: ChatShown, beside: Beside) {
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
        // Whoever reads it late must not take a silence for shorter than it was; nor may a clock ahead of ours make it longer.
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
        // The provider's agent answers it.
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

    /// The chat's first text is our opening. Where the provider's agent said something else, that is what the customer read.
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
        // Before a silence counts as too long, the provider is asked whether it is one.
        self.reads_at(if now < idle_at { next_at.min(idle_at) } else { next_at });
    }

    fn reads_at(&mut self, at: Timestamp) {
        if !self.conversation.is_ended()
            && let Some(chat) = &mut self.conversation.chat
        {
            chat.next_at = at;
        }
    }

    /// The provider was asked to end the chat.
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

    /// What time brings about: a chat that cannot be read is lost, and one that cannot be ended is left alone.
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
