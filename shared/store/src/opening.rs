//! Creation of SMS conversations. One transaction creates the conversation and closes the older one between the two
//! numbers. Whatever the order of concurrent requests, exactly one conversation stays open.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::conversation::{Change, Conversation};
use domain::end_reason::EndReason;
use domain::ids::ConversationId;
use domain::payload::Content;
use domain::planted::{Bug, is_planted};
use domain::sms::{Brief, Input, Message, SmsConversation, StoredMessage};
use domain::time::Timestamp;

use crate::accept::{attach_content, is_made_by, new_item};
use crate::backoff::Backoff;
use crate::commit::Store;
use crate::error::StoreError;
use crate::item::{self, DATA, Item, from_item, get_text};
use crate::keys::{self, Key};
use crate::loaded::{ConversationRef, Loaded};
use crate::messages::new_message_item;
use crate::permit::SendPermit;
use crate::queue::DeliveryJob;
use crate::table::Table;
use crate::watch;
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// Conversation to be created.
#[derive(Clone, Debug)]
pub struct NewSms {
    /// The conversation, with its opening message claimed.
    pub conversation: SmsConversation,
    /// Opening message, which is sent with the permit.
    pub opening: Message,
    /// Request payload of the client.
    pub content: Content,
    /// Agent snapshot for the conversation's turns.
    pub brief: Brief,
}

/// Result of creating a conversation.
#[derive(Debug)]
pub enum Opened {
    /// The conversation is new. Carries the permit to send its opening message.
    Fresh(Box<SendPermit>),
    /// A conversation with this id exists already.
    Existing(Box<SmsConversation>),
    /// The customer's number is on the do-not-call list. Nothing was written.
    Suppressed,
}

/// Time for which a creation is retried while others create conversations between the same numbers. All of them should
/// succeed, and the provider's ten seconds must still fit into the function's timeout.
const PATIENCE_MS: u64 = 14_000;

/// Positions in the transaction of the writes whose refusals have a meaning of their own.
const CONVERSATION: usize = 0;
const SUPPRESSION: usize = 1;

/// Older conversation between two numbers, with the change that closes it.
struct Older {
    loaded: Loaded<SmsConversation>,
    change: Change<SmsConversation>,
    deliveries: Vec<DeliveryJob>,
}

impl Store {
    /// Creates a conversation, and closes the one that is open between the same numbers.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] after 14 seconds of conflicts, with nothing written. Otherwise any [`StoreError`].
    pub async fn open_sms(&self, new: &NewSms) -> Result<Opened, StoreError> {
        let table = &self.table;
        let nonce = table.nonce()?;
        let mut backoff = Backoff::new(table.clock(), PATIENCE_MS);
        loop {
            let now = table.now();
            let (pair, current) = table.pair(&new.conversation).await?;
            if current == Some(new.conversation.id) && !is_planted(Bug::SupersedeItself) {
                // Another request with the same key was faster, or the answer to our own write was lost.
                if let Some(opened) = self.opened_before(new, &nonce).await? {
                    return Ok(opened);
                }
            }
            let mut writes = table.opening_writes(new, &nonce, pair.as_deref())?;
            let older = match current {
                Some(id) if !is_planted(Bug::KeepSuperseded) => self.older(new, id, now, &mut writes).await?,
                Some(_) | None => None,
            };
            match table.transact(writes).await? {
                Written::Done => {
                    if let Some(Older { loaded, change, deliveries }) = older {
                        watch::show_changed(&loaded.conversation, &change);
                        self.announce(&loaded, &change.after, &deliveries, now).await;
                    }
                    return Ok(fresh(new));
                }
                Written::Refused { position: CONVERSATION, item } => return opened(new, &item, &nonce),
                Written::Refused { position: SUPPRESSION, .. } => return Ok(Opened::Suppressed),
                // Another request was faster, or the older conversation changed. The loop reads both again.
                Written::Refused { .. } => {}
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Returns the result for a conversation that exists already, or `None` if it does not exist.
    async fn opened_before(&self, new: &NewSms, nonce: &str) -> Result<Option<Opened>, StoreError> {
        let key = keys::sms(new.conversation.id);
        let items = self.table.read([key.clone()]).await?;
        items.get(&key).map(|item| opened(new, item, nonce)).transpose()
    }

    /// Adds the writes that close the older conversation, if it is still open.
    async fn older(
        &self,
        new: &NewSms,
        id: ConversationId,
        now: Timestamp,
        writes: &mut Vec<TransactWriteItem>,
    ) -> Result<Option<Older>, StoreError> {
        let reference = ConversationRef::new(id, new.conversation.scope.clone());
        let Some(loaded) = self.load::<SmsConversation>(&reference).await? else { return Ok(None) };
        if loaded.conversation.is_ended() {
            return Ok(None);
        }
        let change = loaded.conversation.advance(Input::Close { reason: EndReason::SUPERSEDED }, now);
        let prepared = self.table.prepare(&loaded, &change, now)?;
        let deliveries = prepared.deliveries.clone();
        writes.extend(prepared.into_writes());
        Ok(Some(Older { loaded, change, deliveries }))
    }
}

/// Returns `Fresh` if the stored conversation is our own write. Otherwise returns the other request's conversation.
fn opened(new: &NewSms, item: &Item, nonce: &str) -> Result<Opened, StoreError> {
    if is_made_by(item, nonce) {
        return Ok(fresh(new));
    }
    Ok(Opened::Existing(Box::new(from_item("conversation", item)?)))
}

fn fresh(new: &NewSms) -> Opened {
    watch::show_created(&new.conversation);
    let stored = StoredMessage { message: new.opening.clone(), version: 1 };
    let attempt = new.conversation.send(new.opening.number).map_or(0, |send| send.attempt);
    Opened::Fresh(Box::new(SendPermit::new(new.conversation.clone(), stored, attempt)))
}

impl Table {
    /// Returns the conversation that the item of a pair of numbers names, and that item's JSON text.
    async fn pair(&self, new: &SmsConversation) -> Result<(Option<String>, Option<ConversationId>), StoreError> {
        let key = keys::pair(&new.scope, &new.from, &new.to);
        let items = self.read([key.clone()]).await?;
        let data = items.get(&key).and_then(|item| get_text(item, DATA)).map(str::to_owned);
        Ok((data, items.read("pair", &key)?))
    }

    /// Returns the open conversation between two numbers, or the last one that was open, by the key of their pair.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn conversation_of_pair(&self, pair: Key) -> Result<Option<ConversationId>, StoreError> {
        self.read([pair.clone()]).await?.read("pair", &pair)
    }

    fn opening_writes(
        &self,
        new: &NewSms,
        nonce: &str,
        pair: Option<&str>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let NewSms { conversation, opening, content, brief } = new;
        let id = conversation.id;
        let mut made = new_item(conversation, nonce)?;
        let apart = attach_content(&mut made, id, content)?;
        let pair_item = item::item(&keys::pair(&conversation.scope, &conversation.from, &conversation.to), &id)?;
        let pair = match pair {
            Some(seen) => self.put_of_unchanged(pair_item, seen)?,
            None => self.put_of(pair_item, Some(MUST_BE_NEW))?,
        };
        let plain: Vec<Item> =
            [new_message_item(id, opening, conversation.retention)?, item::item(&keys::brief(id), brief)?]
                .into_iter()
                .chain(apart)
                .collect();
        let mut writes = vec![
            transact_put(self.put_of(made, Some(MUST_BE_NEW))?),
            self.must_be_absent(&keys::suppression(&conversation.scope, &conversation.to))?,
            transact_put(pair),
        ];
        for item in plain {
            writes.push(transact_put(self.put_of(item, None)?));
        }
        Ok(writes)
    }
}
