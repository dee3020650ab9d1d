//! Changes of a conversation: load, advance, commit under a version check, enqueue. No other code changes one.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::call::Call;
use domain::conversation::{Change, Conversation, Effect, HeldBy, Holder};
use domain::ids::Channel;
use domain::obligation::{due, wake_at, wakes};
use domain::organization::{Provider, Suppression};
use domain::planted::{Bug, is_planted};
use domain::retention::HEAD_KEPT;
use domain::sms::{self, Claim, SmsConversation, StoredMessage};
use domain::time::{Span, Timestamp};

use crate::backoff::Backoff;
use crate::effects::{delivery_jobs, writes};
use crate::error::StoreError;
use crate::held::adopter;
use crate::item::{Item, NONCE, get_text, key_of, to_json};
use crate::keys;
use crate::loaded::{ConversationRef, Loaded, listed};
use crate::measures;
use crate::permit::{DialPermit, SendPermit};
use crate::queue::{ConversationJob, DeliveryJob, Message, QueueName, Queues};
use crate::revision::Revision;
use crate::table::Table;
use crate::watch;
use crate::write::{CONFLICT_PATIENCE_MS, Written, transact_update};

/// Positions in the transaction of the writes whose refusals have a meaning of their own.
const CONVERSATION: usize = 0;
const SUPPRESSION: usize = 1;

/// Time after which an unconsumed message counts as lost when a client asks for the conversation again.
const OVERDUE_AFTER: Span = Span::seconds(5);

/// Result of an input.
#[derive(Debug)]
pub struct Applied<C: Conversation> {
    /// Conversation after the commit. It equals a fresh read until another writer commits.
    pub loaded: Loaded<C>,
    /// Conversation before the input.
    pub previous: C,
    /// Claim that was granted. Only a commit grants one.
    claimed: Option<C::Claim>,
    effects: Vec<Effect>,
}

impl<C: Conversation> Applied<C> {
    /// Returns the conversation after the commit.
    pub fn conversation(&self) -> &C {
        &self.loaded.conversation
    }

    /// Returns the claim that was granted, if any.
    pub fn claimed(&self) -> Option<C::Claim> {
        self.claimed
    }
}

impl Applied<Call> {
    /// Takes the permit to dial. Returns it once, and only if the input was a claim that was granted.
    pub fn take_permit(&mut self) -> Option<DialPermit> {
        let attempt = self.claimed.take()?;
        Some(DialPermit::new(self.loaded.conversation.clone(), attempt))
    }
}

impl Applied<SmsConversation> {
    /// Returns an SMS message of the conversation in its current state, if it was read or written.
    pub fn message(&self, number: u32) -> Option<sms::Message> {
        let written = self.effects.iter().find_map(|effect| match effect {
            Effect::StoreMessage(message) if message.number == number => Some(message.clone()),
            Effect::UpdateMessage(stored) if stored.message.number == number => Some(stored.message.clone()),
            _ => None,
        });
        let read = || self.loaded.message(number).ok().flatten().map(|stored| stored.message);
        written.or_else(read)
    }

    /// Takes the permit to send. Returns it once, and only if the input claimed a message. `known` is the message if it existed
    /// before.
    pub fn take_permit(&mut self, known: Option<StoredMessage>) -> Option<SendPermit> {
        let Claim::Send { message: number, attempt } = self.claimed? else { return None };
        let written = self.effects.iter().find_map(|effect| match effect {
            Effect::StoreMessage(message) if message.number == number => {
                Some(StoredMessage { message: message.clone(), version: 1 })
            }
            _ => None,
        });
        let stored = written.or(known).filter(|stored| stored.message.number == number)?;
        self.claimed = None;
        Some(SendPermit::new(self.loaded.conversation.clone(), stored, attempt))
    }
}

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

    /// Reads the customer's do-not-call entry if it was not read yet. A permanent opt-out depends on the existing entry.
    async fn look_up_suppression<C: Conversation>(
        &self,
        reference: &ConversationRef,
        current: &mut Loaded<C>,
    ) -> Result<(), StoreError> {
        if reference.suppression.is_none() {
            let key = keys::suppression(current.conversation.scope(), current.conversation.customer());
            current.listed = listed(&self.table.read([key.clone()]).await?, &key)?;
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
        // The future is large. Boxed, it costs its caller one pointer.
        Box::pin(self.load_and_apply(reference, loaded, input)).await
    }

    async fn load_and_apply<C: Conversation>(
        &self,
        reference: &ConversationRef,
        mut loaded: Option<Loaded<C>>,
        input: impl Fn(&Loaded<C>) -> C::Input,
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
            let change = current.conversation.advance(input(&current), now);
            let previous = current.conversation.clone();
            if change.after == previous {
                return Ok(Some(Applied { loaded: current, previous, claimed: None, effects: Vec::new() }));
            }
            // The read may be seconds old, and an endpoint may have subscribed since.
            if !is_fresh && change.log.iter().any(|entry| entry.entry.event().is_some()) {
                continue;
            }
            let for_good =
                |effect: &Effect| matches!(effect, Effect::Suppress { source } if Suppression::holds_for_good(source));
            if change.effects.iter().any(for_good) {
                Box::pin(self.look_up_suppression(&reference, &mut current)).await?;
            }
            let prepared = self.table.prepare(&current, &change, now)?;
            match self.table.commit(&prepared).await? {
                Committed::Done => {
                    for (measure, value) in current.conversation.measured(&change, now) {
                        measures::measure(measure, value);
                    }
                    watch::show_changed(&current.conversation, &change);
                    self.announce(&current, &change.after, &prepared.deliveries, now).await;
                    let Change { after, claimed, effects, .. } = change;
                    let loaded = Loaded { conversation: after, version: current.version + 1, ..current };
                    return Ok(Some(Applied { loaded, previous, claimed, effects }));
                }
                Committed::Changed => {}
                Committed::Adopted(taken) => self.take_away::<C>(&taken, &current, now).await?,
                // The retry also reads the do-not-call entry, because the input has to see it.
                Committed::Suppressed => reference = Cow::Owned(reference.with_suppression(&current.conversation)),
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Moves a provider call or message to this conversation from the one that claimed it by likeness. The provider has named this
    /// one.
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
            let stored = adopter.message.and_then(|number| loaded.message(number).ok().flatten());
            C::taken_away(id.clone(), to.clone(), stored)
        };
        let lost = Box::pin(self.apply::<C>(&from, None, lose)).await?;
        // There is nothing to take back from the other conversation, so the owner is written directly.
        if lost.is_none_or(|lost| lost.effects.is_empty()) {
            let put = self.table.hand_over_write(*provider, id, &to, now)?;
            self.table.put(put).await?;
        }
        Ok(())
    }

    /// Enqueues the actions of a committed change. A failure loses nothing: the due index lists them 30 seconds later.
    pub(crate) async fn announce<C: Conversation>(
        &self,
        before: &Loaded<C>,
        after: &C,
        deliveries: &[DeliveryJob],
        now: Timestamp,
    ) {
        self.enqueue_deliveries(deliveries).await;
        let group = after.scope().organization.to_string();
        let message = |at: Timestamp| Message { body: before.job.clone(), delay: at.since(now), group: group.clone() };
        let messages: Vec<Message> = wakes(&before.conversation, after, now).map(message).collect();
        if let Err(error) = self.queues.send(QueueName::of(C::CHANNEL), &messages).await {
            tracing::warn!(conversation = %after.id(), error = &error as &dyn std::error::Error, "not enqueued");
        }
    }

    /// Enqueues the next action of an accepted conversation. If that fails, the due index lists it 30 seconds later. The request
    /// stays accepted.
    pub async fn wake<C: Conversation>(&self, conversation: &C, now: Timestamp) {
        let Some(at) = wake_at(conversation) else { return };
        let job = ConversationJob::of(conversation);
        let sent = match Message::new(&job, conversation.scope(), at.since(now)) {
            Ok(message) => self.queues.send(QueueName::of(C::CHANNEL), &[message]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(conversation = %conversation.id(), error, "not enqueued");
        }
    }

    /// Enqueues a conversation again if its pending action is overdue, because its message is lost or late. A duplicate does no harm.
    pub async fn wake_if_overdue<C: Conversation>(&self, conversation: &C, now: Timestamp) {
        if wake_at(conversation).is_some_and(|at| at + OVERDUE_AFTER <= now) {
            self.wake(conversation, now).await;
        }
    }

    /// Enqueues deliveries. If that fails, the due index still lists them.
    pub(crate) async fn enqueue_deliveries(&self, jobs: &[DeliveryJob]) {
        let messages: Result<Vec<Message>, StoreError> =
            jobs.iter().map(|job| Message::new(job, &job.scope, Span::ZERO)).collect();
        let sent = match messages {
            Ok(messages) => self.queues.send(QueueName::Webhooks, &messages).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(error = &error as &dyn std::error::Error, "deliveries not enqueued");
        }
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
            unsuppressed: C::contacts(change)
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
