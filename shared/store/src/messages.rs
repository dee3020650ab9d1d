//! Messages of an SMS conversation. Each has an item.

use domain::conversation::shown;
use domain::ids::ConversationId;
use domain::payload::Content;
use domain::retention::Retention;
use domain::sms::{Brief, Message, SmsConversation, StoredMessage};
use domain::time::Timestamp;

use crate::deliveries::{content_of, shown_content};
use crate::error::StoreError;
use crate::item::{self, Item, VERSION, from_item, get_number, number};
use crate::keys;
use crate::read::Items;
use crate::table::Table;

/// Builds a message's item. It expires if the conversation has a retention.
pub(crate) fn message_item(
    id: ConversationId,
    message: &Message,
    retention: Option<Retention>,
) -> Result<Item, StoreError> {
    let mut made = item::item(&keys::message(id, message.number), message)?;
    item::expire(&mut made, retention.map(|retention| retention.end(message.created_at)));
    Ok(made)
}

/// Builds a message's item for its first write.
pub(crate) fn new_message_item(
    id: ConversationId,
    message: &Message,
    retention: Option<Retention>,
) -> Result<Item, StoreError> {
    let mut made = message_item(id, message, retention)?;
    made.insert(VERSION.to_owned(), number(1));
    Ok(made)
}

impl Items {
    /// Returns an SMS message of a conversation, if it was read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the message cannot be decoded.
    pub fn message(&self, id: ConversationId, number: u32) -> Result<Option<StoredMessage>, StoreError> {
        let Some(item) = self.get(&keys::message(id, number)) else { return Ok(None) };
        let version = get_number(item, VERSION).unwrap_or(0);
        Ok(Some(StoredMessage { message: from_item("message", item)?, version }))
    }
}

impl Items {
    /// Returns an SMS conversation and its request payload as they may be shown now, if both were read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if an item cannot be decoded.
    pub fn sms_with_content(
        &self,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Option<(SmsConversation, Content)>, StoreError> {
        let Some(item) = self.get(&keys::sms(id)) else { return Ok(None) };
        let conversation = shown(from_item::<SmsConversation>("conversation", item)?, now);
        let content = shown_content(&conversation, item, self)?;
        Ok(Some((conversation, content)))
    }
}

impl Table {
    /// Reads the agent snapshot of a conversation.
    ///
    /// # Errors
    /// [`StoreError`]. [`StoreError::Corrupt`] if the snapshot is missing.
    pub async fn brief(&self, id: ConversationId) -> Result<Brief, StoreError> {
        let key = keys::brief(id);
        let found = self.read([key.clone()]).await?.read("brief", &key)?;
        found.ok_or_else(|| StoreError::corrupt("brief", "it is missing"))
    }

    /// Reads the agent snapshot of a conversation and its request payload, which is passed to the agent's tools.
    ///
    /// # Errors
    /// [`StoreError`]. [`StoreError::Corrupt`] if the snapshot is missing.
    pub async fn brief_and_content(&self, id: ConversationId) -> Result<(Brief, Content), StoreError> {
        let (brief, head, apart) = (keys::brief(id), keys::sms(id), keys::content(id));
        let items = self.read([brief.clone(), head.clone(), apart.clone()]).await?;
        let found = items.read("brief", &brief)?.ok_or_else(|| StoreError::corrupt("brief", "it is missing"))?;
        let content =
            items.get(&head).map_or_else(|| Ok(Content::default()), |head| content_of(head, &items, &apart))?;
        Ok((found, content))
    }

    /// Returns at most `limit` messages of a conversation behind the message with number `after`, and reports if there
    /// are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn messages(
        &self,
        id: ConversationId,
        after: u32,
        limit: u8,
    ) -> Result<(Vec<Message>, bool), StoreError> {
        let start = (after > 0).then(|| item::key_attributes(&keys::message(id, after)));
        let (found, next) = self
            .listed((keys::sms(id).pk, keys::MESSAGE_PREFIX), start, limit, |item| from_item("message", item))
            .await?;
        Ok((found, next.is_some()))
    }
}
