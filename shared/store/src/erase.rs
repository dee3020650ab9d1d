//! Erasure of a phone number's personal data within an organization: messages, transcripts, contacts and the number
//! itself.
//!
//! A conversation keeps its tombstone without the number: its id, times and result, so that its request is not carried
//! out again. An opt-out keeps its digest.

use std::collections::BTreeSet;

use domain::audit::AuditEntry;
use domain::call::Call;
use domain::contact::Contact;
use domain::conversation::{Conversation, forgotten_at};
use domain::ids::{ConversationId, Mode, OrganizationId, Scope};
use domain::phone::PhoneNumber;
use domain::phone_input::canonical;
use domain::retention::HEAD_KEPT;
use domain::sms::SmsConversation;
use domain::suppression::Suppression;
use serde::Serialize;

use crate::accept::CONTENT;
use crate::contacts::ContactRequest;
use crate::error::StoreError;
use crate::item::{self, DATA, Item, VERSION, WAKE_AT, from_item, get_number, get_text, key_of, to_json};
use crate::keys::{self, DUE_AT, DUE_PK, Key};
use crate::simulated::{SimulatedCall, SimulatedText};
use crate::table::Table;
use crate::write::Written;

/// Data of a number in an organization.
#[derive(Debug, Default)]
pub struct Traces {
    /// Conversations with the number that have not ended or that still have pending actions. They prevent the erasure.
    pub open: Vec<ConversationId>,
    heads: Vec<Item>,
    doomed: BTreeSet<Key>,
    listed: Vec<Item>,
    /// Contacts of the number. They are deleted last among the deleted items, because a repeated survey finds the other
    /// items by them.
    contacts: Vec<Key>,
}

/// Counts of erased data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Number of conversations that were reduced to their tombstones.
    pub conversations: usize,
    /// Number of deleted contacts.
    pub contacts: usize,
    /// Number of do-not-call entries that were reduced to their digests.
    pub listed: usize,
    /// Number of deleted items.
    pub items: usize,
}

/// State of the scan that tells which items belong to the number.
#[derive(Default)]
struct Survey {
    traces: Traces,
    /// Conversations with the number.
    ours: BTreeSet<ConversationId>,
    /// Conversations or logs that inbound SMS messages belong to.
    taken_in: BTreeSet<ConversationId>,
    /// Log entries that contain the number, of any conversation.
    logs: Vec<(ConversationId, Key)>,
    /// Items of conversations, of any number.
    parts: Vec<(ConversationId, Key)>,
    /// Simulator's items of the number's phone.
    phone: Vec<(ConversationId, Key)>,
    heads: BTreeSet<ConversationId>,
    contacts: BTreeSet<domain::ids::ContactId>,
    references: Vec<(domain::ids::ContactId, Key)>,
}

impl Table {
    /// Finds all data of a number in an organization. Scans the whole table, so only operators call it. Calls `seen`
    /// with the number of items of each page.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn traces_of(
        &self,
        organization: &OrganizationId,
        number: &PhoneNumber,
        seen: impl Fn(u64),
    ) -> Result<Traces, StoreError> {
        let mut survey = Survey::default();
        let mut start: Option<Item> = None;
        loop {
            let scan = self.dynamodb().scan().table_name(self.name()).consistent_read(true);
            let answer = scan.set_exclusive_start_key(start).send().await;
            let answer = answer.map_err(|error| StoreError::aws("Scan", error))?;
            for item in answer.items() {
                survey.looks_at(organization, number, item)?;
            }
            seen(u64::try_from(answer.items().len()).unwrap_or(0));
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(survey.into_traces());
            }
        }
    }

    /// Erases the data that was found. Conversations are reduced last, so that a repeated attempt after an error finds
    /// them again. Calls `done` after each piece.
    ///
    /// # Errors
    /// [`StoreError`]. Some of the data may have been erased. [`StoreError::Conflict`] if a conversation or an entry
    /// has changed since.
    pub async fn erase(
        &self,
        organization: &OrganizationId,
        traces: &Traces,
        audit: &AuditEntry,
        done: impl Fn(),
    ) -> Result<Erased, StoreError> {
        for key in traces.doomed.iter().chain(&traces.contacts) {
            self.transact(vec![self.delete_of(key)?]).await?;
            done();
        }
        for item in &traces.listed {
            let entry = Suppression { phone_number: None, ..from_item("do-not-call entry", item)? };
            let next = with_data(item, &entry)?;
            let put = self.put_of_unchanged(next, get_text(item, DATA).unwrap_or_default())?;
            must_be_done(&self.put(put).await?)?;
            done();
        }
        for item in &traces.heads {
            let version = get_number(item, VERSION).unwrap_or(0);
            must_be_done(&self.put(self.put_of_next(bare_head(item)?, version)?).await?)?;
            done();
        }
        self.transact(vec![self.audit_write(organization, audit)?]).await?;
        Ok(Erased {
            conversations: traces.heads.len(),
            contacts: traces.contacts.len(),
            listed: traces.listed.len(),
            items: traces.doomed.len() + traces.contacts.len(),
        })
    }
}

impl Traces {
    /// Returns the number of pieces that an erasure consists of.
    pub fn pieces(&self) -> usize {
        self.doomed.len() + self.contacts.len() + self.listed.len() + self.heads.len()
    }
}

impl Survey {
    fn looks_at(&mut self, organization: &OrganizationId, number: &PhoneNumber, item: &Item) -> Result<(), StoreError> {
        let Some(key) = key_of(item) else { return Ok(()) };
        let scopes = [Mode::Live, Mode::Test].map(|mode| Scope { organization: organization.clone(), mode });
        let is_of = |kind: &str| scopes.iter().any(|scope| key.pk == format!("{kind}#{scope}"));
        if let Some(id) = key.pk.strip_prefix("conversation#").and_then(ConversationId::parse) {
            return self.looks_at_conversation(organization, number, id, key, item);
        }
        if scopes.iter().any(|scope| key.pk.starts_with(&format!("inbound#{scope}#"))) {
            self.taken_in.insert(from_item("text that came in", item)?);
        } else if key.pk == keys::simulated_phone_pk(number) {
            let of = if key.sk.starts_with(keys::SIMULATED_CALL_PREFIX) {
                from_item::<SimulatedCall>("simulated call", item)?.conversation
            } else {
                from_item::<SimulatedText>("simulated text", item)?.conversation
            };
            self.phone.push((of, key));
        } else if is_of("dnc") {
            let entry: Suppression = from_item("do-not-call entry", item)?;
            // The canonical form of the number may have an entry of its own.
            let is_theirs = |listed: &PhoneNumber| *listed == *number || Some(listed) == canonical(number).as_ref();
            if entry.phone_number.as_ref().is_some_and(is_theirs) {
                self.traces.listed.push(item.clone());
            }
        } else if is_of("contacts") && key.sk.starts_with(keys::CONTACT_PREFIX) {
            let contact: Contact = from_item("contact", item)?;
            if contact.phone_number == *number {
                self.contacts.insert(contact.id);
                self.traces.contacts.push(key);
            }
        } else if is_of("contacts") && key.sk.starts_with("reference#") {
            self.references.push((from_item("contact", item)?, key));
        } else if is_of("contacts") {
            self.references.push((from_item::<ContactRequest>("contact's request", item)?.contact, key));
        }
        Ok(())
    }

    fn looks_at_conversation(
        &mut self,
        organization: &OrganizationId,
        number: &PhoneNumber,
        id: ConversationId,
        key: Key,
        item: &Item,
    ) -> Result<(), StoreError> {
        let (scope, to, is_settled) = if key == keys::call(id) {
            let call: Call = from_item("call", item)?;
            (call.scope.clone(), call.to.clone(), call.is_settled())
        } else if key == keys::sms(id) {
            let conversation: SmsConversation = from_item("conversation", item)?;
            let is_settled = conversation.is_settled();
            (conversation.scope, conversation.to, is_settled)
        } else {
            let data = get_text(item, DATA).unwrap_or_default();
            if data.contains(number.as_str()) {
                self.logs.push((id, key.clone()));
            }
            self.parts.push((id, key));
            return Ok(());
        };
        self.heads.insert(id);
        if scope.organization == *organization && to == *number {
            self.ours.insert(id);
            if is_settled {
                self.traces.heads.push(item.clone());
            } else {
                self.traces.open.push(id);
            }
        }
        Ok(())
    }

    fn into_traces(mut self) -> Traces {
        // Inbound SMS messages without an open conversation have logs of their own.
        let alone = |id: &ConversationId| self.taken_in.contains(id) && !self.heads.contains(id);
        self.ours.extend(self.logs.iter().map(|(id, _)| *id).filter(alone));
        let owned = self.parts.into_iter().chain(self.phone).filter(|(id, _)| self.ours.contains(id));
        self.traces.doomed.extend(owned.map(|(_, key)| key));
        let named = self.references.into_iter().filter(|(id, _)| self.contacts.contains(id));
        self.traces.doomed.extend(named.map(|(_, key)| key));
        self.traces
    }
}

/// Builds a conversation's tombstone, without the customer and without anything that became known of them.
fn bare_head(item: &Item) -> Result<Item, StoreError> {
    let is_call = key_of(item).is_some_and(|key| key.sk == "call");
    let mut bare = if is_call { forgotten::<Call>(item)? } else { forgotten::<SmsConversation>(item)? };
    for attribute in [CONTENT, DUE_PK, DUE_AT, WAKE_AT] {
        bare.remove(attribute);
    }
    Ok(bare)
}

fn forgotten<C: Conversation>(item: &Item) -> Result<Item, StoreError> {
    let mut conversation: C = from_item("conversation", item)?;
    let kept_until = forgotten_at(&conversation).map(|at| at + HEAD_KEPT);
    conversation.forget();
    let mut bare = with_data(item, &conversation)?;
    item::expire(&mut bare, kept_until);
    Ok(bare)
}

fn with_data(item: &Item, data: &impl Serialize) -> Result<Item, StoreError> {
    let mut next = item.clone();
    next.insert(DATA.to_owned(), item::text(to_json(data)?));
    Ok(next)
}

fn must_be_done(written: &Written) -> Result<(), StoreError> {
    match written {
        Written::Done => Ok(()),
        Written::Refused { .. } => Err(StoreError::Conflict),
    }
}
