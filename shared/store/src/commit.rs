//! Changes of a conversation: load, advance, commit under a version check, enqueue. No other code changes one.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::conversation::{Change, Conversation};
use domain::effect::Effect;
use domain::holder::{HeldBy, Holder};
use domain::ids::Channel;
use domain::phone_input::canonical;
use domain::planted::{Bug, is_planted, overlooks_suppression};
use domain::provider::Provider;
use domain::retention::HEAD_KEPT;
use domain::schedule::due;
use domain::suppression::Suppression;
use domain::time::Timestamp;

use crate::applied::Applied;
use crate::backoff::Backoff;
use crate::effects::{delivery_jobs, writes};
use crate::error::StoreError;
use crate::held::adopter;
use crate::item::{Item, NONCE, get_text, key_of, to_json};
use crate::keys;
use crate::loaded::{ConversationRef, Loaded, listed};
use crate::measures;
use crate::queue::{DeliveryJob, Queues};
use crate::revision::Revision;
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, Written, transact_update};

/// Positions in the transaction of the writes whose refusals have a meaning of their own.
const CONVERSATION: usize = 0;
const SUPPRESSION: usize = 1;

/// Table and queues together, as a transition needs both.
#[derive(Clone, Debug)]
pub struct Store {
    /// DynamoDB table.
    pub table: Table,
    /// SQS queues.
    pub queues: Queues,
}

impl Store {
    /// Reads a conversation and its organization in one round trip. Returns `None` if the scope has none on that channel.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load<C: Conversation>(&self, reference: &ConversationRef) -> Result<Option<Loaded<C>>, StoreError> {
        let items = self.table.read(reference.reads::<C>()).await?;
        Loaded::from_items(reference, &items)
    }

    /// Reads the customer's do-not-call entries that a change depends on, if they were not read yet: the existing entry for a permanent
    /// opt-out, and the entry of the number's canonical form for every change of the list.
    async fn look_up_listing<C: Conversation>(
        &self,
        reference: &ConversationRef,
        current: &mut Loaded<C>,
        change: &Change<C>,
    ) -> Result<(), StoreError> {
        let for_good =
            |effect: &Effect| matches!(effect, Effect::Suppress { source } if Suppression::holds_for_good(source));
        let is_about = |effect: &Effect| matches!(effect, Effect::Suppress { .. } | Effect::LiftSuppression);
        if !change.effects.iter().any(is_about) {
            return Ok(());
        }
        let (scope, customer) = (current.conversation.scope(), current.conversation.customer());
        let is_unread = reference.suppression.is_none() && change.effects.iter().any(for_good);
        let given = is_unread.then(|| keys::suppression(scope, customer));
        let other = canonical(customer).filter(|_| reference.canonical.is_none());
        let other = other.map(|number| keys::suppression(scope, &number));
        if given.is_none() && other.is_none() {
            return Ok(());
        }
        let items = self.table.read(given.iter().chain(&other).cloned()).await?;
        if let Some(key) = given {
            current.listing.given = listed(&items, &key)?;
        }
        if let Some(key) = other {
            current.listing.canonical = listed(&items, &key)?;
        }
        Ok(())
    }

    /// Applies an input to a conversation and commits the result. If another writer commits in between, it reloads the conversation
    /// and calls `input` again. Returns `None` if there is no such conversation.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] after 8 seconds of conflicts, with nothing written. Otherwise any [`StoreError`].
    pub async fn apply<C: Conversation>(
        &self,
        reference: &ConversationRef,
        loaded: Option<Loaded<C>>,
        input: impl Fn(&Loaded<C>) -> C::Input,
    ) -> Result<Option<Applied<C>>, StoreError> {
        self.try_apply(reference, loaded, |loaded| Ok(Some(input(loaded)))).await
    }

    /// Applies an input as [`Store::apply`] does, if there is one. The input may depend on something stored, and fail if that cannot
    /// be read. Without an input nothing is written, and the conversation is returned as it was read.
    ///
    /// # Errors
    /// Those of [`Store::apply`], and the input's own.
    pub async fn try_apply<C: Conversation>(
        &self,
        reference: &ConversationRef,
        loaded: Option<Loaded<C>>,
        input: impl Fn(&Loaded<C>) -> Result<Option<C::Input>, StoreError>,
    ) -> Result<Option<Applied<C>>, StoreError> {
        // The future is large. Boxed, it costs its caller one pointer.
        Box::pin(self.load_and_apply(reference, loaded, input)).await
    }

    async fn load_and_apply<C: Conversation>(
        &self,
        reference: &ConversationRef,
        mut loaded: Option<Loaded<C>>,
        input: impl Fn(&Loaded<C>) -> Result<Option<C::Input>, StoreError>,
    ) -> Result<Option<Applied<C>>, StoreError> {
        let mut backoff = Backoff::new(self.table.clock(), CONFLICT_PATIENCE_MS);
        let mut reference = Cow::Borrowed(reference);
        loop {
            // The time is taken before the read. So the read sees every endpoint that was subscribed by then.
            let now = self.table.now();
            let is_fresh = loaded.is_none();
            let mut current = match loaded.take() {
                Some(current) => current,
                None => match self.load(&reference).await? {
                    Some(current) => current,
                    None => return Ok(None),
                },
            };
            let Some(input) = input(&current)? else { return Ok(Some(Applied::unchanged(current))) };
            let change = current.conversation.advance(input, now);
            if change.after == current.conversation {
                return Ok(Some(Applied::unchanged(current)));
            }
            let previous = current.conversation.clone();
            // The read may be seconds old, and an endpoint may have subscribed since.
            if !is_fresh && change.log.iter().any(|entry| entry.entry.event().is_some()) {
                continue;
            }
            Box::pin(self.look_up_listing(&reference, &mut current, &change)).await?;
            let prepared = self.table.prepare(&current, &change, now)?;
            match self.table.commit(&prepared).await? {
                Committed::Done => {
                    for (measure, value) in current.conversation.measured(&change, now) {
                        measures::measure(measure, value);
                    }
                    crate::watch::show_changed(&current.conversation, &change);
                    self.announce(&current, &change.after, &prepared.deliveries, now).await;
                    let Change { after, claimed, effects, .. } = change;
                    let loaded = Loaded { conversation: after, version: current.version + 1, ..current };
                    return Ok(Some(Applied::committed(loaded, previous, claimed, effects)));
                }
                Committed::Changed => {}
                Committed::Adopted(taken) => self.take_away::<C>(&taken, &current, now).await?,
                // The retry also reads the do-not-call entries, because the input has to see them.
                Committed::Suppressed => {
                    reference = Cow::Owned(reference.with_customer(current.conversation.customer()));
                }
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Moves a provider call or message to this conversation from the one that claimed it by likeness: the provider has named it.
    async fn take_away<C: Conversation>(
        &self,
        taken: &Taken,
        current: &Loaded<C>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Taken { provider, id, adopter, message } = taken;
        let to = Holder {
            conversation: current.conversation.id(),
            scope: current.conversation.scope().clone(),
            message: *message,
        };
        let from = ConversationRef::new(adopter.conversation, adopter.scope.clone());
        let from = adopter.message.map_or(from.clone(), |number| from.with_message(number));
        let lose = |loaded: &Loaded<C>| {
            let stored = adopter.message.map(|number| loaded.message(number)).transpose()?.flatten();
            Ok(Some(C::taken_away(id.clone(), to.clone(), stored)))
        };
        let lost = Box::pin(self.try_apply::<C>(&from, None, lose)).await?;
        // There is nothing to take back from the other conversation, so the owner is written directly.
        if !lost.is_some_and(|lost| lost.has_effects()) {
            let put = self.table.hand_over_write(*provider, id, &to, now)?;
            self.table.put(put).await?;
        }
        Ok(())
    }
}

/// Result of a commit.
enum Committed {
    /// The change was written.
    Done,
    /// Another writer changed an item in between.
    Changed,
    /// The change names the owner of a provider call or message that another conversation has claimed.
    Adopted(Taken),
    /// The change contacts a customer whose number was suppressed since the read.
    Suppressed,
}

/// Provider call or message that has to be taken from the conversation that claimed it.
struct Taken {
    provider: Provider,
    id: String,
    adopter: Holder,
    /// Number of the SMS message in the new owner's conversation.
    message: Option<u32>,
}

/// Writes of a change, for one transaction. The conversation's write comes first. If the change contacts the customer, the second is
/// the condition that the number is not suppressed.
pub(crate) struct Prepared {
    update: Update,
    unsuppressed: Option<TransactWriteItem>,
    beside: Vec<TransactWriteItem>,
    held: Vec<Effect>,
    pub(crate) deliveries: Vec<DeliveryJob>,
    nonce: String,
}

impl Prepared {
    /// Returns the provider call or message in this item, if this change names its owner and another conversation has claimed it.
    fn taken(&self, item: &Item) -> Option<Taken> {
        let (key, adopter) = (key_of(item)?, adopter(item)?);
        self.held.iter().find_map(|effect| match effect {
            Effect::HoldAtProvider { provider, id, message, by: HeldBy::Name } if keys::held(*provider, id) == key => {
                Some(Taken { provider: *provider, id: id.clone(), adopter: adopter.clone(), message: *message })
            }
            _ => None,
        })
    }

    /// Returns the writes, for a transaction with further writes.
    pub(crate) fn into_writes(self) -> Vec<TransactWriteItem> {
        std::iter::once(transact_update(self.update)).chain(self.unsuppressed).chain(self.beside).collect()
    }
}

impl Table {
    /// Builds the writes of a change.
    pub(crate) fn prepare<C: Conversation>(
        &self,
        before: &Loaded<C>,
        change: &Change<C>,
        now: Timestamp,
    ) -> Result<Prepared, StoreError> {
        let nonce = self.nonce()?;
        let deliveries = delivery_jobs(change.after.id(), change.after.scope(), &change.log, &before.organization);
        Ok(Prepared {
            update: self.conversation_update(before, change, &nonce, now)?,
            unsuppressed: (C::contacts(change) && !overlooks_suppression())
                .then(|| self.must_be_absent(&keys::suppression(change.after.scope(), change.after.customer())))
                .transpose()?,
            beside: writes(self, before, change, &deliveries, now)?,
            held: change
                .effects
                .iter()
                .filter(|effect| matches!(effect, Effect::HoldAtProvider { .. }))
                .cloned()
                .collect(),
            deliveries,
            nonce,
        })
    }

    /// Writes a change, all or nothing.
    async fn commit(&self, prepared: &Prepared) -> Result<Committed, StoreError> {
        let Prepared { update, unsuppressed, beside, nonce, .. } = prepared;
        let written = if unsuppressed.is_none() && beside.is_empty() {
            self.update(update.clone()).await?
        } else {
            let head = transact_update(update.clone());
            let writes = std::iter::once(head).chain(unsuppressed.iter().chain(beside).cloned());
            self.transact(writes.collect()).await?
        };
        Ok(match written {
            Written::Done => Committed::Done,
            Written::Refused { position: CONVERSATION, item } if is_ours(&item, nonce) => Committed::Done,
            Written::Refused { position: SUPPRESSION, .. } if unsuppressed.is_some() => Committed::Suppressed,
            Written::Refused { item, .. } => prepared.taken(&item).map_or(Committed::Changed, Committed::Adopted),
        })
    }

    fn conversation_update<C: Conversation>(
        &self,
        before: &Loaded<C>,
        change: &Change<C>,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Update, StoreError> {
        let id = change.after.id();
        let claims_call = change.claimed.is_some() && C::CHANNEL == Channel::Voice;
        self.revise(Revision {
            key: &keys::conversation(C::CHANNEL, id),
            data: to_json(&change.after)?,
            seen: before.version,
            conditional: !(claims_call && is_planted(Bug::UnconditionalClaim)),
            due: due(&change.after).map(|due| (due, keys::due_shard_of(id))),
            head_until: change.effects.contains(&Effect::Forget).then(|| now + HEAD_KEPT),
            nonce: Some(nonce),
        })
    }
}

/// Returns `true` if the nonce shows that the stored write is our own, which the SDK may have sent twice.
fn is_ours(old: &Item, nonce: &str) -> bool {
    get_text(old, NONCE) == Some(nonce) && !is_planted(Bug::DropNonce)
}
