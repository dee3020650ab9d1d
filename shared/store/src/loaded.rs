//! A conversation as it stands in the table, with what a transition has to see beside it.

use domain::conversation::Conversation;
use domain::ids::{ConversationId, Scope};
use domain::objections::Objections;
use domain::organization::{Organization, Suppression, suppression_digest};
use domain::sms::StoredMessage;

use crate::error::StoreError;
use crate::item::{self, DATA, VERSION, from_attribute, from_item, get_number, get_text};
use crate::keys::{self, Key};
use crate::queue::ConversationJob;
use crate::read::Items;

/// A conversation to be looked up, with what is known of it beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRef {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose it is.
    pub scope: Scope,
    /// The digest of the customer's number, where the do-not-call list is to be looked up with it.
    pub suppression: Option<String>,
    /// What else is to be read, each time anew.
    pub also: Vec<Key>,
}

impl From<ConversationJob> for ConversationRef {
    fn from(job: ConversationJob) -> Self {
        let suppression = Some(job.suppression);
        Self { conversation: job.conversation, scope: job.scope, suppression, also: Vec::new() }
    }
}

impl ConversationRef {
    /// A conversation of which nothing else is known, and with which nothing else is read.
    pub fn new(conversation: ConversationId, scope: Scope) -> Self {
        Self { conversation, scope, suppression: None, also: Vec::new() }
    }

    /// The keys of what [`Loaded::from_items`] has to see.
    pub fn reads<C: Conversation>(&self) -> Vec<Key> {
        let head = keys::conversation(C::CHANNEL, self.conversation);
        let mut wanted = vec![head, keys::organization(&self.scope.organization)];
        wanted.extend(self.suppression_key());
        wanted.extend(self.also.iter().cloned());
        wanted
    }

    /// The same conversation, read together with its customer's entry on the do-not-call list.
    pub(crate) fn with_suppression<C: Conversation>(&self, conversation: &C) -> Self {
        let suppression = suppression_digest(conversation.scope(), conversation.customer());
        Self { suppression: Some(suppression), ..self.clone() }
    }

    /// The same conversation, read together with one of its texts.
    pub fn with_message(&self, number: u32) -> Self {
        Self { also: vec![keys::message(self.conversation, number)], ..self.clone() }
    }

    fn suppression_key(&self) -> Option<Key> {
        self.suppression.as_ref().map(|digest| keys::suppression_by_digest(&self.scope, digest))
    }
}

/// The customer's entry on the do-not-call list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it says.
    pub entry: Suppression,
    /// What it says, to the letter: whoever lifts it lifts this one.
    pub(crate) data: String,
}

/// A conversation as it stands in the table.
#[derive(Clone, Debug)]
pub struct Loaded<C> {
    /// The conversation.
    pub conversation: C,
    /// Whose it is.
    pub organization: Organization,
    /// The customer's entry on the do-not-call list, where that was looked up.
    pub listed: Option<Listed>,
    /// What else was read.
    pub items: Items,
    pub(crate) version: u64,
    pub(crate) job: String,
}

impl<C: Conversation> Loaded<C> {
    /// Puts a conversation together from what was read. `None` where there is none of that kind and scope.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn from_items(reference: &ConversationRef, items: &Items) -> Result<Option<Self>, StoreError> {
        let Some(item) = items.get(&keys::conversation(C::CHANNEL, reference.conversation)) else { return Ok(None) };
        let conversation: C = from_item("conversation", item)?;
        if *conversation.scope() != reference.scope {
            return Ok(None);
        }
        let organization = items
            .read("organization", &keys::organization(&reference.scope.organization))?
            .ok_or_else(|| StoreError::corrupt("organization", "it is missing"))?;
        let listed = match reference.suppression_key() {
            Some(key) => listed(items, &key)?,
            None => None,
        };
        Ok(Some(Self {
            conversation,
            organization,
            listed,
            version: get_number(item, VERSION).unwrap_or(0),
            job: get_text(item, item::JOB).unwrap_or_default().to_owned(),
            items: items.only(&reference.also),
        }))
    }

    /// Whether the customer is on the do-not-call list, where that was looked up.
    pub fn is_suppressed(&self) -> bool {
        self.listed.is_some()
    }

    /// What stands against contacting the customer, by what was read.
    pub fn objections(&self) -> Objections {
        let scope = self.conversation.scope();
        Objections {
            suppressed: self.is_suppressed(),
            suspended: self.organization.suspended,
            number_lost: !self.organization.owns(scope.mode, self.conversation.ours()),
        }
    }

    /// A text of the conversation, where it was read too.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn message(&self, number: u32) -> Result<Option<StoredMessage>, StoreError> {
        self.items.message(self.conversation.id(), number)
    }
}

/// The entry on the do-not-call list under this key.
pub(crate) fn listed(items: &Items, key: &Key) -> Result<Option<Listed>, StoreError> {
    let Some(item) = items.get(key) else { return Ok(None) };
    let data = get_text(item, DATA).unwrap_or_default().to_owned();
    Ok(Some(Listed { entry: from_attribute("suppression", item, DATA)?, data }))
}
