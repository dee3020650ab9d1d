//! Changing a call: load, step, commit under a version check, enqueue. Nothing else changes a call.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Update};
use domain::call::{Call, Entry, Input, Status, Step, due, step, wakes};
use domain::delivery::Delivery;
use domain::ids::{ConversationId, Scope};
use domain::organization::{Organization, Suppression};
use domain::planted::{Bug, is_planted};
use domain::time::{Span, Timestamp};

use crate::backoff::Backoff;
use crate::deliveries::new_delivery_item;
use crate::error::StoreError;
use crate::item::{
    self, DATA, Item, NONCE, NUDGES, VERSION, WAKE_AT, due_expression, from_item, get_number, get_text, number, text,
    to_json,
};
use crate::keys::{self, DUE_AT, DUE_PK};
use crate::permit::DialPermit;
use crate::queue::{CallJob, DeliveryJob, MESSAGE_VERSION, Message, QueueName, Queues};
use crate::read::Items;
use crate::table::Table;
use crate::transcript::transcript_items;
use crate::write::{CONFLICT_PATIENCE_MS, Written, transact_put, transact_update};

/// A call to be looked up, with what is known of it beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRef {
    /// The call.
    pub conversation: ConversationId,
    /// Whose it is.
    pub scope: Scope,
    /// The digest of the called number, where the do-not-call list is to be looked up with it.
    pub suppression: Option<String>,
}

impl From<CallJob> for CallRef {
    fn from(job: CallJob) -> Self {
        Self { conversation: job.conversation, scope: job.scope, suppression: Some(job.suppression) }
    }
}

/// A call as it stands in the table.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The call.
    pub call: Call,
    /// Whose it is.
    pub organization: Organization,
    /// Whether its number is on the do-not-call list, where that was looked up.
    pub suppressed: bool,
    version: u64,
    job: String,
}

/// What came of an input.
#[derive(Debug)]
pub struct Applied {
    /// The call as it is now.
    pub call: Call,
    /// Where it stood before.
    pub previous: Status,
    /// The right to dial, where the input was a claim and it was granted.
    pub permit: Option<DialPermit>,
    /// The call as it was written, for the next input: as good as read anew, until somebody else writes.
    pub loaded: Loaded,
}

impl CallRef {
    /// The keys of what [`Loaded::from_items`] has to see.
    pub fn reads(&self) -> Vec<keys::Key> {
        let suppression = self.suppression.as_ref().map(|digest| keys::suppression_by_digest(&self.scope, digest));
        let call = [keys::call(self.conversation), keys::organization(&self.scope.organization)];
        call.into_iter().chain(suppression).collect()
    }
}

impl Loaded {
    /// Puts a call together from what was read. `None` where there is none of that scope.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn from_items(reference: &CallRef, items: &Items) -> Result<Option<Self>, StoreError> {
        let Some(item) = items.get(&keys::call(reference.conversation)) else { return Ok(None) };
        let call: Call = from_item("call", item)?;
        if call.scope != reference.scope {
            return Ok(None);
        }
        let organization = items
            .read("organization", &keys::organization(&reference.scope.organization))?
            .ok_or_else(|| StoreError::corrupt("organization", "it is missing"))?;
        let suppression = reference.suppression.as_ref();
        let suppression = suppression.map(|digest| keys::suppression_by_digest(&reference.scope, digest));
        Ok(Some(Self {
            call,
            organization,
            suppressed: suppression.is_some_and(|key| items.get(&key).is_some()),
            version: get_number(item, VERSION).unwrap_or(0),
            job: get_text(item, item::JOB).unwrap_or_default().to_owned(),
        }))
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
    /// Reads a call with its organization, in one round trip. `None` where there is none of that scope.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load(&self, reference: &CallRef) -> Result<Option<Loaded>, StoreError> {
        let items = self.table.read(reference.reads()).await?;
        Loaded::from_items(reference, &items)
    }

    /// Applies an input to a call and commits what follows. Where somebody else wrote in between, the call is loaded
    /// anew and the input applied again. `None` where there is no such call.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] after 8 seconds of conflicts, with nothing written; else [`StoreError`].
    pub async fn apply(
        &self,
        reference: &CallRef,
        mut loaded: Option<Loaded>,
        input: impl Fn(&Loaded) -> Input,
    ) -> Result<Option<Applied>, StoreError> {
        let mut backoff = Backoff::new(self.table.clock(), CONFLICT_PATIENCE_MS);
        loop {
            // The moment is taken before the read: every endpoint that was subscribed by then is in what is read.
            let now = self.table.now();
            let is_fresh = loaded.is_none();
            let current = match loaded.take() {
                Some(current) => current,
                None => match self.load(reference).await? {
                    Some(current) => current,
                    None => return Ok(None),
                },
            };
            let step = step(&current.call, input(&current), now);
            let previous = current.call.status;
            if step.call == current.call {
                return Ok(Some(Applied { call: step.call, previous, permit: None, loaded: current }));
            }
            // Since it was read, the provider may have been asked for seconds, and an endpoint have subscribed.
            if !is_fresh && emits(&step) {
                continue;
            }
            let jobs = delivery_jobs(&step, &current.organization);
            if self.table.commit(&current, &step, &jobs, now).await? {
                self.enqueue(&current, &step.call, &jobs, now).await;
                let permit = step.claimed.map(|attempt| DialPermit::new(step.call.clone(), attempt));
                let loaded = Loaded { call: step.call.clone(), version: current.version + 1, ..current };
                return Ok(Some(Applied { call: step.call, previous, permit, loaded }));
            }
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// What cannot be enqueued is not lost: the index of what is due names it in 30 seconds.
    async fn enqueue(&self, before: &Loaded, call: &Call, jobs: &[DeliveryJob], now: Timestamp) {
        if let Err(error) = self.enqueue_deliveries(jobs).await {
            tracing::warn!(conversation = %call.id, error = &error as &dyn std::error::Error, "deliveries not enqueued");
        }
        let group = call.scope.organization.to_string();
        let message = |at: Timestamp| Message { body: before.job.clone(), delay: at.since(now), group: group.clone() };
        let messages: Vec<Message> = wakes(&before.call, call, now).map(message).collect();
        if let Err(error) = self.queues.send(QueueName::Dispatch, &messages).await {
            tracing::warn!(conversation = %call.id, error = &error as &dyn std::error::Error, "call not enqueued");
        }
    }

    async fn enqueue_deliveries(&self, jobs: &[DeliveryJob]) -> Result<(), StoreError> {
        let messages: Vec<Message> =
            jobs.iter().map(|job| Message::new(job, &job.scope, Span::ZERO)).collect::<Result<_, _>>()?;
        self.queues.send(QueueName::Webhooks, &messages).await
    }
}

fn emits(step: &Step) -> bool {
    step.log.iter().any(|entry| matches!(entry.entry, Entry::Event { .. }))
}

fn delivery_jobs(step: &Step, organization: &Organization) -> Vec<DeliveryJob> {
    let scope = &step.call.scope;
    let mut jobs = Vec::new();
    for entry in &step.log {
        let Entry::Event { event, .. } = &entry.entry else { continue };
        for endpoint in organization.subscribers(scope.mode, event.event_type().as_str()) {
            jobs.push(DeliveryJob {
                v: MESSAGE_VERSION,
                conversation: step.call.id,
                scope: scope.clone(),
                log_number: entry.number,
                endpoint,
            });
        }
    }
    jobs
}

impl Table {
    /// Writes a step, all of it or nothing: `false` where somebody else wrote in between.
    async fn commit(
        &self,
        before: &Loaded,
        step: &Step,
        jobs: &[DeliveryJob],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let nonce = self.nonce()?;
        let update = self.call_update(before, step, &nonce)?;
        let puts = step_items(step, jobs, now)?;
        let settled = self.settlement_writes(step, now)?;
        let written = if puts.is_empty() && settled.is_empty() {
            self.update(update).await?
        } else {
            let mut writes = vec![transact_update(update)];
            for item in puts {
                writes.push(transact_put(self.put_of(item, None)?));
            }
            writes.extend(settled);
            self.transact(writes).await?
        };
        match written {
            Written::Done => Ok(true),
            Written::Refused(current) => Ok(is_ours(&current, &nonce)),
        }
    }

    fn call_update(&self, before: &Loaded, step: &Step, nonce: &str) -> Result<Update, StoreError> {
        let mut expression = "SET #data = :data, #version = :next, #nonce = :nonce, #nudges = :none".to_owned();
        let mut update = Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::call(step.call.id))))
            .expression_attribute_names("#data", DATA)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#nonce", NONCE)
            .expression_attribute_names("#nudges", NUDGES)
            .expression_attribute_names("#duePk", DUE_PK)
            .expression_attribute_names("#dueAt", DUE_AT)
            .expression_attribute_names("#wakeAt", WAKE_AT)
            .expression_attribute_values(":data", text(to_json(&step.call)?))
            .expression_attribute_values(":next", number(before.version + 1))
            .expression_attribute_values(":nonce", text(nonce))
            .expression_attribute_values(":none", number(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let due = due(&step.call);
        expression.push_str(due_expression(due));
        if let Some(due) = due {
            update = update
                .expression_attribute_values(":duePk", text(keys::due_shard_of(step.call.id)))
                .expression_attribute_values(":dueAt", item::moment(due.named_from))
                .expression_attribute_values(":wakeAt", item::moment(due.at));
        }
        if !(step.claimed.is_some() && is_planted(Bug::UnconditionalClaim)) {
            update = update
                .condition_expression("#version = :before")
                .expression_attribute_values(":before", number(before.version));
        }
        update.update_expression(expression).build().map_err(|error| StoreError::aws("UpdateItem", error))
    }
}

/// The SDK may have sent our own write twice: the nonce tells it from somebody else's.
fn is_ours(old: &Item, nonce: &str) -> bool {
    get_text(old, NONCE) == Some(nonce) && !is_planted(Bug::DropNonce)
}

/// What a step writes beside the call itself.
fn step_items(step: &Step, jobs: &[DeliveryJob], now: Timestamp) -> Result<Vec<Item>, StoreError> {
    let id = step.call.id;
    let mut items = Vec::new();
    for entry in &step.log {
        items.push(item::item(&keys::log_entry(id, entry.number), entry)?);
    }
    for job in jobs {
        let sequence =
            step.log.iter().find(|entry| entry.number == job.log_number).map_or(0, |entry| match entry.entry {
                Entry::Event { sequence, .. } => sequence,
                Entry::Note { .. } => 0,
            });
        items.push(new_delivery_item(&Delivery::new(id, job.log_number, sequence, job.endpoint, now), job)?);
    }
    if let Some(utterances) = &step.transcript {
        items.extend(transcript_items(id, utterances)?);
    }
    if step.opt_out {
        items.push(suppression_item(&step.call, now)?);
    }
    Ok(items)
}

fn suppression_item(call: &Call, now: Timestamp) -> Result<Item, StoreError> {
    let entry = Suppression { phone_number: Some(call.to.clone()), source: "analysis".to_owned(), created_at: now };
    item::item(&keys::suppression(&call.scope, &call.to), &entry)
}
