//! Accepting a call: one conditional write, which is the idempotency record too. Where a wallet has to cover the call, or
//! a contact changes with it, that is part of the same transaction.

use aws_sdk_dynamodb::types::Put;
use domain::call::{Call, due};
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
use crate::queue::{CallJob, QueueName};
use crate::table::Table;
use crate::wallet::Wallet;
use crate::write::{Written, transact_put};

/// The attribute that names the request which made a call; it is never overwritten.
const MADE_BY: &str = "madeBy";

/// The attribute with a conversation's content, where it stands in the call's own item.
pub(crate) const CONTENT: &str = "content";

/// Content up to this stands in the call's own item, so that accepting a call is one plain write. Every transition
/// writes that item anew, and DynamoDB counts kilobytes.
const INLINE_CONTENT_BYTES: usize = 2 * 1024;

pub(crate) const MUST_BE_NEW: &str = "attribute_not_exists(pk)";

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
            Written::Refused(old) => refused(&old, new, &nonce),
        }
    }

    /// The call's own item; and its content's, where that is too large to stand in it.
    fn call_puts(&self, new: NewAcceptance<'_>, nonce: &str) -> Result<(Put, Option<Put>), StoreError> {
        let content = to_json(new.content)?;
        let mut made = new_call_item(new.call, nonce)?;
        if content.len() <= INLINE_CONTENT_BYTES {
            made.insert(CONTENT.to_owned(), text(content));
            return Ok((self.put_of(made, Some(MUST_BE_NEW))?, None));
        }
        let mut apart = item::key_attributes(&keys::content(new.call.id));
        apart.insert(DATA.to_owned(), text(content));
        Ok((self.put_of(made, Some(MUST_BE_NEW))?, Some(self.put_of(apart, None)?)))
    }
}

fn new_call_item(call: &Call, nonce: &str) -> Result<Item, StoreError> {
    let mut made = item::item(&keys::call(call.id), call)?;
    made.insert(VERSION.to_owned(), number(1));
    made.insert(NONCE.to_owned(), text(nonce));
    made.insert(MADE_BY.to_owned(), text(nonce));
    made.insert(NUDGES.to_owned(), number(0));
    made.insert(JOB.to_owned(), text(to_json(&CallJob::of(call))?));
    made.insert(QUEUE.to_owned(), text(QueueName::Dispatch.as_str()));
    put_in_list(&mut made, keys::calls_list(&call.scope), keys::list_place(call.created_at, call.id));
    if let Some(due) = due(call).filter(|_| !is_planted(Bug::ForgetDue)) {
        put_in_due(&mut made, keys::due_shard_of(call.id), due);
    }
    Ok(made)
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
    if get_text(old, MADE_BY) == Some(nonce) && !is_planted(Bug::DropNonce) {
        return Ok(Acceptance::Fresh);
    }
    from_item("call", old).map(|call| Acceptance::Existing(Box::new(call)))
}
