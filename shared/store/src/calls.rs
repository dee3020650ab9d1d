//! Reading calls: one, and its log.

use domain::call::{Call, Utterance};
use domain::ids::{Channel, ConversationId, Scope};
use domain::log::LogEntry;
use domain::organization::Content;
use domain::retention::shown;

use crate::deliveries::{content_of, shown_content};
use crate::error::StoreError;
use crate::item::{self, from_item};
use crate::keys::{self, Key};
use crate::read::Items;
use crate::table::Table;

/// A call with everything known of it.
#[derive(Debug)]
pub struct FullCall {
    /// The call.
    pub call: Call,
    /// What the client gave for it.
    pub content: Content,
    /// What was said.
    pub transcript: Option<Vec<Utterance>>,
}

impl Table {
    /// The keys of everything that makes up a call, for [`Table::read`].
    pub fn full_call_keys(id: ConversationId) -> [Key; 3] {
        [keys::call(id), keys::content(id), keys::transcript(id, 0)]
    }

    /// Puts a call together from what was read, as it may be shown now; `None` where there is none of that scope.
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

    /// What a client gave for a conversation. It never changes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn content(&self, channel: Channel, id: ConversationId) -> Result<Content, StoreError> {
        let (head, apart) = (keys::conversation(channel, id), keys::content(id));
        let items = self.read([head.clone(), apart.clone()]).await?;
        items.get(&head).map_or_else(|| Ok(Content::default()), |item| content_of(item, &items, &apart))
    }

    /// A part of a conversation's log, behind the entry of number `after`: at most `limit` entries, and whether there
    /// are more.
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

    /// The end of a conversation's log, at most so many entries, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_log(&self, id: ConversationId, limit: u8) -> Result<Vec<LogEntry>, StoreError> {
        let found = self.partition_end(keys::call(id).pk, keys::LOG_PREFIX, limit).await?;
        found.iter().rev().map(|item| from_item("log entry", item)).collect()
    }
}
