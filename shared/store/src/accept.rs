//! Accepting a call: one conditional write, which is the idempotency record too. Where a wallet has to cover the call, or
//! a contact changes with it, that is part of the same transaction.

use aws_sdk_dynamodb::types::Put;
use domain::call::Call;
use domain::conversation::Conversation;
use domain::ids::ConversationId;
use domain::obligation::due;
use domain::organization::Content;
use domain::planted::{Bug, is_planted};
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
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// The attribute that names the request which made a call; it is never overwritten.
const MADE_BY: &str = "madeBy";

/// The attribute with a conversation's content, where it stands in the call's own item.
pub(crate) const CONTENT: &str = "content";

/// Content up to this stands in the call's own item, so that accepting a call is one plain write. Every transition
/// writes that item anew, and DynamoDB counts kilobytes.
const INLINE_CONTENT_BYTES: usize = 2 * 1024;

/// Everything that is written when a call is accepted.
#[derive(Clone, Copy, Debug)]
pub struct NewAcceptance<'a> {
    /// The call.
    pub call: &'a Call,
    /// What the client gave for it.
    pub content: &'a Content,
    /// The wallet that has to cover it, as it was read.
    pub wallet: Option<&'a Wallet>,
    /// What becomes of its contact.
    pub contact: Option<&'a ContactChange>,
}

/// What came of accepting a call.
#[derive(Debug)]
pub enum Acceptance {
    /// It is new.
    Fresh,
    /// There is one under this id already.
    Existing(Box<Call>),
    /// The wallet has changed since it was read, and is this now; nothing was written.
    WalletChanged(Box<Wallet>),
    /// The contact has changed since it was read; nothing was written.
    ContactChanged,
}

impl Table {
    /// Writes a call that was accepted, unless there is one of its id, with everything that belongs to it: all of it, or
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`]; after [`StoreError::Aws`] the call may have been written all the same, and a request with the
    /// same key will find it.
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
        match written {
            Written::Done => Ok(Acceptance::Fresh),
            Written::Refused { item, .. } => refused(&item, new, &nonce),
        }
    }

    /// The call's own item; and its content's, where that is too large to stand in it.
    fn call_puts(&self, new: NewAcceptance<'_>, nonce: &str) -> Result<(Put, Option<Put>), StoreError> {
        let mut made = new_item(new.call, nonce)?;
        let apart = attach_content(&mut made, new.call.id, new.content)?;
        let apart = apart.map(|apart| self.put_of(apart, None)).transpose()?;
        Ok((self.put_of(made, Some(MUST_BE_NEW))?, apart))
    }
}

/// A conversation's item, as it is first written: already in the index of what is due.
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

/// Puts what a client gave into its conversation's item, or into an item of its own where it is large.
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

/// Which of the writes was refused shows in the item that refused it.
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

/// The SDK may have sent our own write twice: the nonce tells it from somebody else's.
fn existing(old: &Item, nonce: &str) -> Result<Acceptance, StoreError> {
    if is_made_by(old, nonce) {
        return Ok(Acceptance::Fresh);
    }
    from_item("call", old).map(|call| Acceptance::Existing(Box::new(call)))
}

/// Whether this item was first written by the request of that nonce.
pub(crate) fn is_made_by(item: &Item, nonce: &str) -> bool {
    get_text(item, MADE_BY) == Some(nonce) && !is_planted(Bug::DropNonce)
}
