//! Acceptance of calls. One conditional write stores the call and is its idempotency record as well.
//! If a wallet has to cover the call, or if a contact changes with it, the write becomes a transaction.

use aws_sdk_dynamodb::types::Put;
use domain::call::Call;
use domain::conversation::Conversation;
use domain::ids::ConversationId;
use domain::payload::Content;
use domain::planted::{Bug, is_planted};
use domain::schedule::due;
use domain::time::Timestamp;

use crate::contacts::ContactChange;
use crate::error::StoreError;
use crate::item::{
    self, DATA, Item, JOB, NONCE, NUDGES, QUEUE, VERSION, from_item, get_text, key_of, number, put_in_due, put_in_list,
    text, to_json,
};
use crate::keys;
use crate::queue::{ConversationJob, QueueName};
use crate::table::Table;
use crate::wallet::Wallet;
use crate::watch;
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// Attribute that names the request that created a call. It is never overwritten.
const MADE_BY: &str = "madeBy";

/// Attribute with a conversation's request payload, if the payload is stored in the call's own item.
pub(crate) const CONTENT: &str = "content";

/// Largest request payload, in bytes of JSON, that is stored in the call's own item. Accepting such a call is one plain
/// write. A larger payload gets an item of its own, because every transition rewrites the call's item and DynamoDB
/// bills by the kilobyte.
const INLINE_CONTENT_BYTES: usize = 2 * 1024;

/// Everything that is written when a call is accepted.
#[derive(Clone, Copy, Debug)]
pub struct NewAcceptance<'a> {
    /// Call to be written.
    pub call: &'a Call,
    /// Request payload of the client.
    pub content: &'a Content,
    /// Wallet that has to cover the call, as it was read. `None` if the organization is not metered.
    pub wallet: Option<&'a Wallet>,
    /// Change of the call's contact, if there is one.
    pub contact: Option<&'a ContactChange>,
}

/// Result of accepting a call.
#[derive(Debug)]
pub enum Acceptance {
    /// The call is new and was written.
    Fresh,
    /// A call with this id exists already.
    Existing(Box<Call>),
    /// The wallet has changed since it was read. Carries its current state. Nothing was written.
    WalletChanged(Box<Wallet>),
    /// The contact has changed since it was read. Nothing was written.
    ContactChanged,
}

impl Table {
    /// Writes an accepted call and everything that belongs to it, all or nothing. Writes nothing if a call with this id
    /// exists.
    ///
    /// # Errors
    /// [`StoreError`]. After [`StoreError::Aws`] the call may have been written all the same. A request with the same
    /// key then finds it.
    pub async fn accept(&self, new: NewAcceptance<'_>, now: Timestamp) -> Result<Acceptance, StoreError> {
        let nonce = self.nonce()?;
        let mut writes = Vec::new();
        let (call, apart) = self.call_puts(new, &nonce)?;
        if let Some(hold) = &new.call.hold {
            writes.extend(self.hold_writes(&new.call.scope, hold, &new.call.id.to_string(), new.wallet, now)?);
        }
        if let Some(change) = new.contact {
            writes.extend(self.contact_writes(&new.call.scope, change)?);
        }
        let written = if writes.is_empty() && apart.is_none() {
            self.put(call).await?
        } else {
            let puts = std::iter::once(call).chain(apart).map(transact_put);
            self.transact(puts.chain(writes).collect()).await?
        };
        let accepted = match written {
            Written::Done => Acceptance::Fresh,
            Written::Refused { item, .. } => refused(&item, new, &nonce)?,
        };
        if matches!(accepted, Acceptance::Fresh) {
            watch::show_created(new.call);
        }
        Ok(accepted)
    }

    /// Builds the put of the call's own item. Also builds the put of its request payload if that is too large for the
    /// item.
    fn call_puts(&self, new: NewAcceptance<'_>, nonce: &str) -> Result<(Put, Option<Put>), StoreError> {
        let mut made = new_item(new.call, nonce)?;
        let apart = attach_content(&mut made, new.call.id, new.content)?;
        let apart = apart.map(|apart| self.put_of(apart, None)).transpose()?;
        Ok((self.put_of(made, Some(MUST_BE_NEW))?, apart))
    }
}

/// Builds a conversation's item for its first write. It is in the due index from the start.
pub(crate) fn new_item<C: Conversation>(conversation: &C, nonce: &str) -> Result<Item, StoreError> {
    let id = conversation.id();
    let mut made = item::item(&keys::conversation(C::CHANNEL, id), conversation)?;
    made.insert(VERSION.to_owned(), number(1));
    made.insert(NONCE.to_owned(), text(nonce));
    made.insert(MADE_BY.to_owned(), text(nonce));
    made.insert(NUDGES.to_owned(), number(0));
    made.insert(JOB.to_owned(), text(to_json(&ConversationJob::of(conversation))?));
    made.insert(QUEUE.to_owned(), text(QueueName::of(C::CHANNEL).as_str()));
    let list = keys::conversations_list(C::CHANNEL, conversation.scope());
    put_in_list(&mut made, list, keys::list_place(conversation.created_at(), id));
    if let Some(due) = due(conversation).filter(|_| !is_planted(Bug::ForgetDue)) {
        put_in_due(&mut made, keys::due_shard_of(id), due);
    }
    Ok(made)
}

/// Stores the request payload in its conversation's item. Returns a separate item instead if the payload is large.
pub(crate) fn attach_content(
    made: &mut Item,
    id: ConversationId,
    content: &Content,
) -> Result<Option<Item>, StoreError> {
    let content = to_json(content)?;
    if content.len() <= INLINE_CONTENT_BYTES {
        made.insert(CONTENT.to_owned(), text(content));
        return Ok(None);
    }
    let mut apart = item::key_attributes(&keys::content(id));
    apart.insert(DATA.to_owned(), text(content));
    Ok(Some(apart))
}

/// Finds the write whose condition failed by the item that DynamoDB returned, and returns what that means.
fn refused(old: &Item, new: NewAcceptance<'_>, nonce: &str) -> Result<Acceptance, StoreError> {
    let key = key_of(old);
    if key.as_ref() == Some(&keys::call(new.call.id)) {
        return existing(old, nonce);
    }
    if key.as_ref() == Some(&keys::wallet(&new.call.scope)) {
        return Ok(Acceptance::WalletChanged(Box::new(Wallet::from_item(old)?)));
    }
    if new.contact.is_some() { Ok(Acceptance::ContactChanged) } else { Err(StoreError::Conflict) }
}

/// Returns `Fresh` if the nonce shows that the stored call is our own write, which the SDK may have sent twice.
/// Otherwise returns the other request's call.
fn existing(old: &Item, nonce: &str) -> Result<Acceptance, StoreError> {
    if is_made_by(old, nonce) {
        return Ok(Acceptance::Fresh);
    }
    from_item("call", old).map(|call| Acceptance::Existing(Box::new(call)))
}

/// Returns `true` if this item was first written by the request with this nonce.
pub(crate) fn is_made_by(item: &Item, nonce: &str) -> bool {
    get_text(item, MADE_BY) == Some(nonce) && !is_planted(Bug::DropNonce)
}
