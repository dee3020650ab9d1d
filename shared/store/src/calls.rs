//! Reads of calls, their request payloads and their logs.

use domain::call::{Call, Utterance};
use domain::conversation::shown;
use domain::ids::{Channel, ConversationId, Scope};
use domain::log::LogEntry;
use domain::payload::Content;

use crate::deliveries::{content_of, shown_content};
use crate::error::StoreError;
use crate::item::{self, from_item};
use crate::keys::{self, Key};
use crate::read::Items;
use crate::table::Table;

/// Call with its request payload and transcript.
#[derive(Debug)]
pub struct FullCall {
    /// Call as it may be shown, without the parts that are past their retention.
    pub call: Call,
    /// Request payload of the client.
    pub content: Content,
    /// Transcript, if there is one.
    pub transcript: Option<Vec<Utterance>>,
}

impl Table {
    /// Returns the keys of all items that make up a call, for [`Table::read`].
    pub fn full_call_keys(id: ConversationId) -> [Key; 3] {
        [keys::call(id), keys::content(id), keys::transcript(id, 0)]
    }

    /// Assembles a call from the items that were read, as it may be shown now. Returns `None` if the scope has no such
    /// call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn full_call(
        &self,
        scope: &Scope,
        id: ConversationId,
        items: &Items,
    ) -> Result<Option<FullCall>, StoreError> {
        let Some(item) = items.get(&keys::call(id)) else { return Ok(None) };
        let call = shown(from_item::<Call>("call", item)?, self.now());
        if call.scope != *scope {
            return Ok(None);
        }
        let content = shown_content(&call, item, items)?;
        let transcript = if call.forgotten { None } else { self.transcript(id, items).await? };
        Ok(Some(FullCall { call, content, transcript }))
    }

    /// Returns the request payload of a conversation. The payload never changes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn content(&self, channel: Channel, id: ConversationId) -> Result<Content, StoreError> {
        let (head, apart) = (keys::conversation(channel, id), keys::content(id));
        let items = self.read([head.clone(), apart.clone()]).await?;
        items.get(&head).map_or_else(|| Ok(Content::default()), |item| content_of(item, &items, &apart))
    }

    /// Returns at most `limit` entries of a conversation's log, starting behind the entry with number `after`. Also
    /// reports if there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log(&self, id: ConversationId, after: u64, limit: u8) -> Result<(Vec<LogEntry>, bool), StoreError> {
        let start = (after > 0).then(|| item::key_attributes(&keys::log_entry(id, after)));
        let (found, next) = self
            .listed((keys::call(id).pk, keys::LOG_PREFIX), start, limit, |item| from_item("log entry", item))
            .await?;
        Ok((found, next.is_some()))
    }

    /// Returns the last entries of a conversation's log in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_log(&self, id: ConversationId, limit: u8) -> Result<Vec<LogEntry>, StoreError> {
        let found = self.partition_end(keys::call(id).pk, keys::LOG_PREFIX, limit).await?;
        found.iter().rev().map(|item| from_item("log entry", item)).collect()
    }
}
