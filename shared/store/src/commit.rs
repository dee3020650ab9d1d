//! Changing a conversation: load, advance, commit under a version check, enqueue. Nothing else changes one.

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
use crate::write::{CONFLICT_PATIENCE_MS, Written, transact_update};

/// The places of the writes that say by their refusal what happened.
const CONVERSATION: usize = 0;
const SUPPRESSION: usize = 1;

/// How long a message may take before it counts as lost, for whoever asks again.
const OVERDUE_AFTER: Span = Span::seconds(5);

/// What came of an input.
#[derive(Debug)]
pub struct Applied<C: Conversation> {
    /// The conversation as it is now: as good as read anew, until somebody else writes.
    pub loaded: Loaded<C>,
    /// The conversation as it was before.
    pub previous: C,
    /// What was claimed. Only a commit makes a claim.
    claimed: Option<C::Claim>,
    effects: Vec<Effect>,
}

impl<C: Conversation> Applied<C> {
    /// The conversation as it is now.
    pub fn conversation(&self) -> &C {
        &self.loaded.conversation
    }

    /// What was claimed.
    pub fn claimed(&self) -> Option<C::Claim> {
        self.claimed
    }
}

impl Applied<Call> {
    /// The right to dial, where the input was a claim and it was granted: once.
    pub fn take_permit(&mut self) -> Option<DialPermit> {
        let attempt = self.claimed.take()?;
        Some(DialPermit::new(self.loaded.conversation.clone(), attempt))
    }
}

impl Applied<SmsConversation> {
    /// A text of the conversation as it is now, where it was read or written.
    pub fn message(&self, number: u32) -> Option<sms::Message> {
        let written = self.effects.iter().find_map(|effect| match effect {
            Effect::StoreMessage(message) if message.number == number => Some(message.clone()),
            Effect::UpdateMessage(stored) if stored.message.number == number => Some(stored.message.clone()),
            _ => None,
        });
        let read = || self.loaded.message(number).ok().flatten().map(|stored| stored.message);
        written.or_else(read)
    }

    /// The right to send, where the input claimed a text: once. `known` is the text, where it was there before.
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

/// The table and the queues together: what a transition needs.
#[derive(Clone, Debug)]
pub struct Store {
    /// The table.
    pub table: Table,
    /// The queues.
    pub queues: Queues,
}

impl Store {
    /// Reads a conversation with its organization, in one round trip. `None` where there is none of that kind and scope.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load<C: Conversation>(&self, reference: &ConversationRef) -> Result<Option<Loaded<C>>, StoreError> {
        let items = self.table.read(reference.reads::<C>()).await?;
        Loaded::from_items(reference, &items)
    }

    /// Looks for the customer's entry on the do-not-call list, where nobody has yet: what an opt-out for good writes depends on what is there.
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

    /// Applies an input to a conversation and commits what follows. Where somebody else wrote in between, the
    /// conversation is loaded anew and the input made and applied again. `None` where there is no such conversation.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] after 8 seconds of conflicts, with nothing written; else [`StoreError`].
    pub async fn apply<C: Conversation>(
        &self,
        reference: &ConversationRef,
        loaded: Option<Loaded<C>>,
        input: impl Fn(&Loaded<C>) -> C::Input,
    ) -> Result<Option<Applied<C>>, StoreError> {
        // What goes on in it is large: whoever waits for it holds a pointer.
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
            // The moment is taken before the read: every endpoint that was subscribed by then is in what is read.
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
            // Since it was read, the provider may have been asked for seconds, and an endpoint have subscribed.
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
                    self.announce(&current, &change.after, &prepared.deliveries, now).await;
                    let Change { after, claimed, effects, .. } = change;
                    let loaded = Loaded { conversation: after, version: current.version + 1, ..current };
                    return Ok(Some(Applied { loaded, previous, claimed, effects }));
                }
                Committed::Changed => {}
                Committed::Adopted(taken) => self.take_away::<C>(&taken, &current, now).await?,
                // Whatever the reference asked for: the input has to see it.
                Committed::Suppressed => reference = Cow::Owned(reference.with_suppression(&current.conversation)),
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Takes a call or text from whom has adopted it for its likeness: the provider has named this conversation with it.
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
        // Where there is nobody any more to take it from, it is simply taken.
        if lost.is_none_or(|lost| lost.effects.is_empty()) {
            let put = self.table.hand_over_write(*provider, id, &to, now)?;
            self.table.put(put).await?;
        }
        Ok(())
    }

    /// Enqueues what a committed change asks for. What cannot be enqueued is not lost: the index of what is due names it
    /// in 30 seconds.
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

    /// Enqueues what a conversation that was just accepted asks for. Where the message is lost, the index of what is due
    /// names the conversation in 30 seconds: the request was accepted all the same.
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

    /// Enqueues a conversation once more where what it waits for is overdue: its message was lost, or is late. Whoever asks for it
    /// again helps it that way; one message too many does no harm.
    pub async fn wake_if_overdue<C: Conversation>(&self, conversation: &C, now: Timestamp) {
        if wake_at(conversation).is_some_and(|at| at + OVERDUE_AFTER <= now) {
            self.wake(conversation, now).await;
        }
    }

    /// Enqueues deliveries; what cannot be enqueued stands in the index of what is due.
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

/// What came of a commit.
enum Committed {
    /// It was written.
    Done,
    /// Somebody else wrote in between.
    Changed,
    /// It holds what another conversation has adopted.
    Adopted(Taken),
    /// It claims to contact a customer who has got onto the do-not-call list since that was looked at.
    Suppressed,
}

/// A call or text at a provider that is to be taken from whom has adopted it.
struct Taken {
    provider: Provider,
    id: String,
    adopter: Holder,
    /// The number of the text that it is of whoever takes it.
    message: Option<u32>,
}

/// A change, as the writes of one transaction: the conversation's own first, then the condition that the customer is not on
/// the do-not-call list, where it claims to contact them.
pub(crate) struct Prepared {
    update: Update,
    unsuppressed: Option<TransactWriteItem>,
    beside: Vec<TransactWriteItem>,
    held: Vec<Effect>,
    pub(crate) deliveries: Vec<DeliveryJob>,
    nonce: String,
}

impl Prepared {
    /// What this change holds and the item says that somebody else has adopted.
    fn taken(&self, item: &Item) -> Option<Taken> {
        let (key, adopter) = (key_of(item)?, adopter(item)?);
        self.held.iter().find_map(|effect| match effect {
            Effect::HoldAtProvider { provider, id, message, by: HeldBy::Name } if keys::held(*provider, id) == key => {
                Some(Taken { provider: *provider, id: id.clone(), adopter: adopter.clone(), message: *message })
            }
            _ => None,
        })
    }

    /// The writes, for a transaction that does more than this.
    pub(crate) fn into_writes(self) -> Vec<TransactWriteItem> {
        std::iter::once(transact_update(self.update)).chain(self.unsuppressed).chain(self.beside).collect()
    }
}

impl Table {
    /// The writes that a change comes to.
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

    /// Writes a change, all of it or nothing.
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

/// The SDK may have sent our own write twice: the nonce tells it from somebody else's.
fn is_ours(old: &Item, nonce: &str) -> bool {
    get_text(old, NONCE) == Some(nonce) && !is_planted(Bug::DropNonce)
}
