//! Lists of conversations, newest first, with filters.

use domain::conversation::{Conversation, shown};
use domain::ids::{ConversationId, Scope};
use domain::payload::Content;
use domain::time::Timestamp;

use crate::deliveries::shown_content;
use crate::error::StoreError;
use crate::item::from_item;
use crate::keys::{self, Key};
use crate::list_places::{Order, Part, Place, Places};
use crate::table::Table;
use crate::unreadable::noted;

/// Largest number of conversations that a filtered page examines. Such a page may be short; the next one continues
/// behind them.
pub const MOST_LOOKED_AT: usize = 500;

/// Number of conversations that are read together with their request payloads. A batch read takes 100 keys.
const READ_TOGETHER: usize = 50;

/// Range of times in which the listed conversations were accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Created {
    /// Lower bound: accepted after this moment.
    pub after: Option<Timestamp>,
    /// Upper bound: accepted before this moment.
    pub before: Option<Timestamp>,
}

/// Page of a list of conversations, newest first.
#[derive(Debug)]
pub struct ConversationsPage<C> {
    /// Conversations of the page.
    pub conversations: Vec<C>,
    /// List position behind which the next page begins.
    pub next: Option<String>,
}

/// Filter of a page.
pub enum Wanted<'a, C> {
    /// All conversations.
    All,
    /// Conversations for which the predicate holds.
    Some(&'a (dyn Fn(&C) -> bool + Sync)),
    /// Conversations for which the predicate holds, given the conversation and its request payload.
    WithContent(&'a (dyn Fn(&C, &Content) -> bool + Sync)),
}

impl Table {
    /// Returns a page of a scope's conversations on one channel, newest first. A filtered page ends when it is full or
    /// when [`MOST_LOOKED_AT`] conversations were examined.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn conversations<C: Conversation>(
        &self,
        scope: &Scope,
        created: Created,
        start: Option<&str>,
        limit: u8,
        wanted: Wanted<'_, C>,
    ) -> Result<ConversationsPage<C>, StoreError> {
        let limit = usize::from(limit);
        let together = if matches!(wanted, Wanted::All) { limit } else { READ_TOGETHER };
        let mut page = ConversationsPage { conversations: Vec::new(), next: None };
        let mut start = start.map(str::to_owned);
        let mut looked_at = 0;
        loop {
            let found = self.conversation_places::<C>(scope, created, start.as_deref(), together).await?;
            let last = found.last();
            for (place, conversation) in self.conversations_at(&found.places, &wanted).await? {
                page.conversations.push(conversation);
                if page.conversations.len() == limit {
                    let is_last = Some(&place) == last.as_ref() && !found.has_more;
                    page.next = (!is_last).then_some(place);
                    return Ok(page);
                }
            }
            looked_at += found.places.len();
            start = last.filter(|_| found.has_more);
            if start.is_none() || matches!(wanted, Wanted::All) || looked_at >= MOST_LOOKED_AT {
                page.next = start;
                return Ok(page);
            }
        }
    }

    async fn conversation_places<C: Conversation>(
        &self,
        scope: &Scope,
        created: Created,
        start: Option<&str>,
        limit: usize,
    ) -> Result<Places, StoreError> {
        // `#` sorts before every digit and letter, and `~` behind them. So both bounds are exclusive for any
        // conversation id.
        let part = Part {
            list: keys::conversations_list(C::CHANNEL, scope),
            from: created.after.map(|after| format!("{after}~")),
            to: created.before.map(|before| before.to_string()),
            start,
            order: Order::NewestFirst,
        };
        self.places(part, limit).await
    }

    /// Returns those conversations at these positions that pass the filter, as they may be shown now.
    async fn conversations_at<C: Conversation>(
        &self,
        places: &[Place],
        wanted: &Wanted<'_, C>,
    ) -> Result<Vec<(String, C)>, StoreError> {
        let id = |place: &str| place.split_once('#').and_then(|(_, id)| ConversationId::parse(id));
        let known: Vec<(&String, ConversationId)> =
            places.iter().filter_map(|found| Some((&found.place, id(&found.place)?))).collect();
        let with_content = matches!(wanted, Wanted::WithContent(_));
        let keys = known.iter().flat_map(|(_, id)| {
            let apart: Option<Key> = with_content.then(|| keys::content(*id));
            std::iter::once(keys::conversation(C::CHANNEL, *id)).chain(apart)
        });
        let items = self.read(keys).await?;
        let now = self.now();
        let mut found = Vec::new();
        for (place, id) in known {
            let Some(item) = items.get(&keys::conversation(C::CHANNEL, id)) else { continue };
            let Some(conversation) = noted(from_item::<C>("conversation", item), item) else { continue };
            let conversation = shown(conversation, now);
            let is_wanted = match wanted {
                Wanted::All => true,
                Wanted::Some(wanted) => wanted(&conversation),
                Wanted::WithContent(wanted) => noted(shown_content(&conversation, item, &items), item)
                    .is_some_and(|content| wanted(&conversation, &content)),
            };
            if is_wanted {
                found.push((place.clone(), conversation));
            }
        }
        Ok(found)
    }
}
