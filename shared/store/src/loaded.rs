//! Conversation as it was read from the table, with the other items that a transition needs.

use domain::conversation::Conversation;
use domain::ids::{ConversationId, Scope};
use domain::objections::Objections;
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::phone_input::canonical;
use domain::sms::StoredMessage;
use domain::suppression::{Suppression, suppression_digest};

use crate::error::StoreError;
use crate::item::{self, DATA, VERSION, from_attribute, from_item, get_number, get_text};
use crate::keys::{self, Key};
use crate::queue::ConversationJob;
use crate::read::Items;

/// Reference to a conversation, with the items to read together with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRef {
    /// Id of the conversation.
    pub conversation: ConversationId,
    /// Scope of the conversation.
    pub scope: Scope,
    /// Digest of the customer's number, if the do-not-call entry is to be read too.
    pub suppression: Option<String>,
    /// Digest of the number's canonical form, if that is another one and its entry is to be read too.
    pub canonical: Option<String>,
    /// Keys of further items to read, on every load.
    pub also: Vec<Key>,
}

impl From<ConversationJob> for ConversationRef {
    fn from(job: ConversationJob) -> Self {
        let suppression = Some(job.suppression);
        Self { suppression, ..Self::new(job.conversation, job.scope) }
    }
}

impl ConversationRef {
    /// Creates a reference without any further items to read.
    pub fn new(conversation: ConversationId, scope: Scope) -> Self {
        Self { conversation, scope, suppression: None, canonical: None, also: Vec::new() }
    }

    /// Returns the keys that [`Loaded::from_items`] needs.
    pub fn reads<C: Conversation>(&self) -> Vec<Key> {
        let head = keys::conversation(C::CHANNEL, self.conversation);
        let mut wanted = vec![head, keys::organization(&self.scope.organization)];
        wanted.extend(self.suppression_key());
        wanted.extend(self.canonical_key());
        wanted.extend(self.also.iter().cloned());
        wanted
    }

    /// Returns a reference that also reads the customer's do-not-call entries: that of the number as it came, and that of
    /// its canonical form.
    pub fn with_customer(&self, customer: &PhoneNumber) -> Self {
        let digest = |number: &PhoneNumber| suppression_digest(&self.scope, number);
        let canonical = canonical(customer).as_ref().map(digest);
        Self { suppression: Some(digest(customer)), canonical, ..self.clone() }
    }

    /// Returns a reference that also reads one of the conversation's SMS messages, and no other further item.
    pub fn with_message(&self, number: u32) -> Self {
        Self { also: vec![keys::message(self.conversation, number)], ..self.clone() }
    }

    fn suppression_key(&self) -> Option<Key> {
        self.suppression.as_ref().map(|digest| keys::suppression_by_digest(&self.scope, digest))
    }

    fn canonical_key(&self) -> Option<Key> {
        self.canonical.as_ref().map(|digest| keys::suppression_by_digest(&self.scope, digest))
    }
}

/// Customer's entry on the do-not-call list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Entry with its number and its source.
    pub(crate) entry: Suppression,
    /// JSON text of the entry as it is stored. Removing or replacing the entry requires that this text is unchanged.
    pub(crate) data: String,
}

/// Customer's entries on the do-not-call list, if they were requested and exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Entry of the number as it came.
    pub(crate) given: Option<Listed>,
    /// Entry of the number's canonical form, if that is another one.
    pub(crate) canonical: Option<Listed>,
}

impl Listing {
    /// Returns the source of the entry that outranks the other.
    pub(crate) fn source(&self) -> Option<&str> {
        let entries = self.given.iter().chain(&self.canonical).map(|listed| &listed.entry);
        let strongest = entries.reduce(|one, other| if other.outranks(one) { other } else { one });
        strongest.map(|entry| entry.source.as_str())
    }
}

/// Conversation as it was read from the table.
#[derive(Clone, Debug)]
pub struct Loaded<C> {
    /// Conversation as it was read.
    pub conversation: C,
    /// Organization that owns the conversation.
    pub organization: Organization,
    /// Customer's do-not-call entries.
    pub(crate) listing: Listing,
    /// Further items that were read.
    pub items: Items,
    pub(crate) version: u64,
    pub(crate) job: String,
}

impl<C: Conversation> Loaded<C> {
    /// Assembles a conversation from the items that were read. Returns `None` if the scope has none on that channel.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if an item cannot be decoded or if the organization is missing.
    pub fn from_items(reference: &ConversationRef, items: &Items) -> Result<Option<Self>, StoreError> {
        let Some(item) = items.get(&keys::conversation(C::CHANNEL, reference.conversation)) else { return Ok(None) };
        let conversation: C = from_item("conversation", item)?;
        if *conversation.scope() != reference.scope {
            return Ok(None);
        }
        let organization = items
            .read("organization", &keys::organization(&reference.scope.organization))?
            .ok_or_else(|| StoreError::corrupt("organization", "it is missing"))?;
        let listed = |key: Option<Key>| key.map(|key| listed(items, &key)).transpose().map(Option::flatten);
        let listing =
            Listing { given: listed(reference.suppression_key())?, canonical: listed(reference.canonical_key())? };
        Ok(Some(Self {
            conversation,
            organization,
            listing,
            version: get_number(item, VERSION).unwrap_or(0),
            job: get_text(item, item::JOB).unwrap_or_default().to_owned(),
            items: items.only(&reference.also),
        }))
    }

    /// Returns `true` if the do-not-call list was read and contains the customer.
    pub fn is_suppressed(&self) -> bool {
        self.suppressed_by().is_some()
    }

    /// Returns the source of the customer's do-not-call entry, if it was read. Of two entries, the one that outranks the other counts.
    pub fn suppressed_by(&self) -> Option<&str> {
        self.listing.source()
    }

    /// Returns the reasons against contacting the customer, as of the read.
    pub fn objections(&self) -> Objections {
        let scope = self.conversation.scope();
        Objections {
            suppressed: self.is_suppressed(),
            suspended: self.organization.suspended,
            number_lost: !self.organization.owns(scope.mode, self.conversation.ours()),
        }
    }

    /// Returns an SMS message of the conversation, if it was read too.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the message cannot be decoded.
    pub fn message(&self, number: u32) -> Result<Option<StoredMessage>, StoreError> {
        self.items.message(self.conversation.id(), number)
    }
}

/// Returns the do-not-call entry under this key, if there is one.
pub(crate) fn listed(items: &Items, key: &Key) -> Result<Option<Listed>, StoreError> {
    let Some(item) = items.get(key) else { return Ok(None) };
    let data = get_text(item, DATA).unwrap_or_default().to_owned();
    Ok(Some(Listed { entry: from_attribute("suppression", item, DATA)?, data }))
}
