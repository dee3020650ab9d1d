//! Reading calls: one, a list, a log.

use domain::call::{Call, Utterance};
use domain::conversation::Conversation;
use domain::ids::{Channel, ConversationId, Scope};
use domain::log::LogEntry;
use domain::organization::Content;
use domain::retention::shown;
use domain::time::Timestamp;

use crate::deliveries::{content_of, shown_content};
use crate::error::StoreError;
use crate::item::{self, from_item, get_text, text};
use crate::keys::{self, Key, LIST_INDEX, LIST_PK, LIST_SK};
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

/// Which conversations to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Created {
    /// Accepted after this moment.
    pub after: Option<Timestamp>,
    /// Accepted before this moment.
    pub before: Option<Timestamp>,
}

/// A page of a list of conversations, newest first.
#[derive(Debug)]
pub struct ConversationsPage<C> {
    /// The conversations.
    pub conversations: Vec<C>,
    /// The place in the list behind which the next page begins.
    pub next: Option<String>,
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

    /// A page of a scope's conversations of one kind, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn conversations<C: Conversation>(
        &self,
        scope: &Scope,
        created: Created,
        start: Option<&str>,
        limit: u8,
    ) -> Result<ConversationsPage<C>, StoreError> {
        let list = keys::conversations_list(C::CHANNEL, scope);
        // `#` sorts before every digit and letter, `~` behind: the bounds are exclusive whatever the call's id.
        let from = created.after.map_or_else(|| "0".to_owned(), |after| format!("{after}~"));
        let to = created.before.map_or_else(|| "~".to_owned(), |before| format!("{before}"));
        if from > to {
            return Ok(ConversationsPage { conversations: Vec::new(), next: None });
        }
        let to = start.map_or_else(|| to.clone(), |place| to.clone().min(place.to_owned()));
        let answer = self
            .dynamodb()
            .query()
            .table_name(self.name())
            .index_name(LIST_INDEX)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", LIST_PK)
            .expression_attribute_names("#sk", LIST_SK)
            .expression_attribute_values(":pk", text(list))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .scan_index_forward(false)
            // One more than asked for: whether there are more, and room for the place itself that the page begins at.
            .limit(i32::from(limit) + 2)
            .send()
            .await
            .map_err(|error| StoreError::aws("Query", error))?;
        let places: Vec<String> = answer
            .items
            .unwrap_or_default()
            .iter()
            .filter_map(|item| get_text(item, LIST_SK).map(str::to_owned))
            .filter(|place| Some(place.as_str()) != start)
            .collect();
        let page = &places[..places.len().min(usize::from(limit))];
        let next = (places.len() > page.len()).then(|| page.last().cloned()).flatten();
        Ok(ConversationsPage { conversations: self.conversations_at(page).await?, next })
    }

    async fn conversations_at<C: Conversation>(&self, places: &[String]) -> Result<Vec<C>, StoreError> {
        let ids = places.iter().filter_map(|place| place.split_once('#').and_then(|(_, id)| ConversationId::parse(id)));
        let wanted: Vec<Key> = ids.map(|id| keys::conversation(C::CHANNEL, id)).collect();
        let items = self.read(wanted.iter().cloned()).await?;
        let now = self.now();
        let read = |key: &Key| Ok(items.read("conversation", key)?.map(|conversation: C| shown(conversation, now)));
        wanted.iter().filter_map(|key| read(key).transpose()).collect()
    }

    /// A part of a conversation's log, behind the entry of number `after`: at most `limit` entries, and whether there
    /// are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log(&self, id: ConversationId, after: u64, limit: u8) -> Result<(Vec<LogEntry>, bool), StoreError> {
        let start = (after > 0).then(|| item::key_attributes(&keys::log_entry(id, after)));
        let (found, next) = self.partition(keys::call(id).pk, keys::LOG_PREFIX, start, Some(limit)).await?;
        Ok((found.iter().map(|item| from_item("log entry", item)).collect::<Result<_, _>>()?, next.is_some()))
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
