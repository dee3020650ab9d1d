//! Accepting a call: one conditional write, which is the idempotency record too.

use domain::call::{Call, due};
use domain::organization::Content;
use domain::planted::{Bug, is_planted};

use crate::error::StoreError;
use crate::item::{
    self, DATA, Item, JOB, NONCE, NUDGES, QUEUE, VERSION, from_item, get_text, number, put_in_due, put_in_list, text,
    to_json,
};
use crate::keys;
use crate::queue::{CallJob, QueueName};
use crate::table::Table;
use crate::write::{Written, transact_put};

/// The attribute that names the request which made a call; it is never overwritten.
const MADE_BY: &str = "madeBy";

/// The attribute with a conversation's content, where it stands in the call's own item.
pub(crate) const CONTENT: &str = "content";

/// Content up to this stands in the call's own item, so that accepting a call is one plain write. Every transition
/// writes that item anew, and DynamoDB counts kilobytes.
const INLINE_CONTENT_BYTES: usize = 2 * 1024;

const MUST_BE_NEW: &str = "attribute_not_exists(pk)";

/// What came of accepting a call.
#[derive(Debug)]
pub enum Acceptance {
    /// It is new.
    Fresh,
    /// There is one under this id already.
    Existing(Box<Call>),
}

impl Table {
    /// Writes a call that was accepted, unless there is one of its id.
    ///
    /// # Errors
    /// [`StoreError`]; after [`StoreError::Aws`] the call may have been written all the same, and a request with the
    /// same key will find it.
    pub async fn accept(&self, call: &Call, content: &Content) -> Result<Acceptance, StoreError> {
        let nonce = self.nonce()?;
        let content = to_json(content)?;
        let mut made = new_call_item(call, &nonce)?;
        let written = if content.len() <= INLINE_CONTENT_BYTES {
            made.insert(CONTENT.to_owned(), text(content));
            self.put(self.put_of(made, Some(MUST_BE_NEW))?).await?
        } else {
            let mut apart = item::key_attributes(&keys::content(call.id));
            apart.insert(DATA.to_owned(), text(content));
            let puts = [self.put_of(made, Some(MUST_BE_NEW))?, self.put_of(apart, None)?];
            self.transact(puts.into_iter().map(transact_put).collect()).await?
        };
        match written {
            Written::Done => Ok(Acceptance::Fresh),
            Written::Refused(old) => existing(&old, &nonce),
        }
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

/// The SDK may have sent our own write twice: the nonce tells it from somebody else's.
fn existing(old: &Item, nonce: &str) -> Result<Acceptance, StoreError> {
    if get_text(old, MADE_BY) == Some(nonce) && !is_planted(Bug::DropNonce) {
        return Ok(Acceptance::Fresh);
    }
    from_item("call", old).map(|call| Acceptance::Existing(Box::new(call)))
}
