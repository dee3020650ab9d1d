//! Writes of a change beside the conversation itself: log entries, deliveries and effects.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::conversation::{Change, Conversation};
use domain::delivery::Delivery;
use domain::effect::Effect;
use domain::holder::Holder;
use domain::ids::{ConversationId, Scope};
use domain::log::LogEntry;
use domain::organization::Organization;
use domain::phone::PhoneNumber;
use domain::phone_input::canonical;
use domain::planted::{Bug, is_planted};
use domain::retention::{HEAD_KEPT, Retention};
use domain::suppression::Suppression;
use domain::time::{Span, Timestamp};

use crate::deliveries::new_delivery_item;
use crate::error::StoreError;
use crate::item::{self, DATA, Item};
use crate::keys;
use crate::loaded::{Listed, Listing, Loaded};
use crate::messages::{message_item, new_message_item};
use crate::queue::{DeliveryJob, MESSAGE_VERSION};
use crate::table::Table;
use crate::transcript::transcript_items;
use crate::write::{MUST_BE_NEW, transact_put, transact_update};

/// Time by which a delivery outlives its event. It exceeds the longest wait between two attempts. So the attempt after
/// the event's expiry still finds the delivery, and finds that there is nothing left to send.
const DELIVERY_OUTLIVES: Span = Span::hours(48);

/// Returns a delivery for every event and every endpoint that is subscribed to it.
pub(crate) fn delivery_jobs(
    id: ConversationId,
    scope: &Scope,
    log: &[LogEntry],
    organization: &Organization,
) -> Vec<DeliveryJob> {
    let mut jobs = Vec::new();
    for entry in log {
        let Some(event) = entry.entry.event() else { continue };
        for endpoint in organization.subscribers(scope.mode, event.event_type().name()) {
            let (scope, log_number) = (scope.clone(), entry.number);
            jobs.push(DeliveryJob { v: MESSAGE_VERSION, conversation: id, scope, log_number, endpoint });
        }
    }
    jobs
}

/// Builds the items of new log entries and of their deliveries. They expire if the conversation has a retention.
pub(crate) fn log_items(
    id: ConversationId,
    log: &[LogEntry],
    jobs: &[DeliveryJob],
    retention: Option<Retention>,
    now: Timestamp,
) -> Result<Vec<Item>, StoreError> {
    let expires = retention.map(|retention| retention.end(now));
    let mut items = Vec::new();
    for entry in log {
        let mut made = item::item(&keys::log_entry(id, entry.number), entry)?;
        item::expire(&mut made, expires);
        items.push(made);
    }
    for job in jobs {
        let entry = log.iter().find(|entry| entry.number == job.log_number);
        let sequence = entry.and_then(|entry| entry.entry.sequence()).unwrap_or(0);
        let mut made = new_delivery_item(&Delivery::new(id, job.log_number, sequence, job.endpoint, now), job)?;
        item::expire(&mut made, expires.map(|at| at + DELIVERY_OUTLIVES));
        items.push(made);
    }
    Ok(items)
}

/// Builds all writes of a change beside the conversation.
pub(crate) fn writes<C: Conversation>(
    table: &Table,
    before: &Loaded<C>,
    change: &Change<C>,
    jobs: &[DeliveryJob],
    now: Timestamp,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let id = change.after.id();
    let mut writes = Vec::new();
    for item in log_items(id, &change.log, jobs, change.after.retention(), now)? {
        writes.push(transact_put(table.put_of(item, None)?));
    }
    for effect in &change.effects {
        writes.extend(effect_writes(table, &change.after, &before.listing, effect, now)?);
    }
    Ok(writes)
}

fn effect_writes<C: Conversation>(
    table: &Table,
    conversation: &C,
    listing: &Listing,
    effect: &Effect,
    now: Timestamp,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let (id, scope, retention) = (conversation.id(), conversation.scope(), conversation.retention());
    let put = |item: Item| Ok(transact_put(table.put_of(item, None)?));
    let put_new = |item: Item| Ok(transact_put(table.put_of(item, Some(MUST_BE_NEW))?));
    match effect {
        Effect::StoreTranscript(utterances) => {
            let parts = transcript_items(id, utterances, retention.map(|retention| retention.end(now)))?;
            parts.into_iter().map(put).collect()
        }
        Effect::SettleHold(settlement) => table.settlement_writes(scope, &id.to_string(), *settlement, now),
        Effect::ChangePlaces(change) => Ok(vec![table.place_write(scope, change)?]),
        Effect::Suppress { .. } | Effect::LiftSuppression => {
            suppression_writes(table, scope, conversation.customer(), listing, effect, now)
        }
        Effect::StoreMessage(message) => put_new(new_message_item(id, message, retention)?).map(|write| vec![write]),
        Effect::UpdateMessage(stored) => {
            let item = message_item(id, &stored.message, retention)?;
            Ok(vec![transact_put(table.put_of_next(item, stored.version)?)])
        }
        Effect::RememberInbound { .. } if is_planted(Bug::ForgetInbound) => Ok(Vec::new()),
        Effect::RememberInbound { key } => {
            put_new(item::item(&keys::inbound(scope, key), &id)?).map(|write| vec![write])
        }
        Effect::HoldAtProvider { provider, id: provider_id, message, by } => {
            let me = Holder { conversation: id, scope: scope.clone(), message: *message };
            Ok(vec![table.hold_write((*provider, provider_id), &me, *by, now)?])
        }
        Effect::HandOver { provider, id: provider_id, to } => {
            Ok(vec![transact_put(table.hand_over_write(*provider, provider_id, to, now)?)])
        }
        Effect::RememberKey(remembered) => {
            let mut made = item::item(&keys::remembered_key(id, &remembered.key), remembered)?;
            item::expire(&mut made, retention.map(|retention| retention.end(now) + HEAD_KEPT));
            put_new(made).map(|write| vec![write])
        }
        Effect::Forget => Ok(vec![table.delete_of(&keys::content(id))?, table.delete_of(&keys::brief(id))?]),
    }
}

fn suppression(customer: &PhoneNumber, source: &str, now: Timestamp) -> Suppression {
    Suppression { phone_number: Some(customer.clone()), source: source.to_owned(), created_at: now }
}

/// Builds the writes of an effect on the customer's do-not-call entries: that of the number as it came, and that of its canonical
/// form. A customer is one person, however the number is written.
pub(crate) fn suppression_writes(
    table: &Table,
    scope: &Scope,
    customer: &PhoneNumber,
    listing: &Listing,
    effect: &Effect,
    now: Timestamp,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut writes = Vec::new();
    writes.extend(suppression_write(table, scope, customer, listing.given.as_ref(), effect, now)?);
    if let Some(canonical) = canonical(customer) {
        writes.extend(suppression_write(table, scope, &canonical, listing.canonical.as_ref(), effect, now)?);
    }
    Ok(writes)
}

/// Builds the write of an effect on one do-not-call entry, if it needs one.
fn suppression_write(
    table: &Table,
    scope: &Scope,
    customer: &PhoneNumber,
    listed: Option<&Listed>,
    effect: &Effect,
    now: Timestamp,
) -> Result<Option<TransactWriteItem>, StoreError> {
    let key = keys::suppression(scope, customer);
    match (effect, listed) {
        // An existing entry stays unless the new one outranks it. A START keyword may only remove an entry that a STOP
        // keyword created.
        (Effect::Suppress { source }, Some(listed)) => {
            let entry = suppression(customer, source, now);
            if !entry.outranks(&listed.entry) {
                return Ok(None);
            }
            let made = item::item(&key, &entry.over(&listed.entry))?;
            Ok(Some(transact_put(table.put_of_unchanged(made, &listed.data)?)))
        }
        // The put fails if an entry was created since the read. The retry then compares the two, because the new entry
        // may outrank the stored one.
        (Effect::Suppress { source }, None) if Suppression::holds_for_good(source) => {
            let made = item::item(&key, &suppression(customer, source, now))?;
            Ok(Some(transact_put(table.put_of(made, Some(MUST_BE_NEW))?)))
        }
        (Effect::Suppress { source }, None) => {
            let entry = suppression(customer, source, now);
            let update = Update::builder()
                .table_name(table.name())
                .set_key(Some(item::key_attributes(&key)))
                .update_expression("SET #data = if_not_exists(#data, :data)")
                .expression_attribute_names("#data", DATA)
                .expression_attribute_values(":data", item::text(item::to_json(&entry)?));
            let update = update.build().map_err(|error| StoreError::aws("UpdateItem", error))?;
            Ok(Some(transact_update(update)))
        }
        (Effect::LiftSuppression, Some(listed)) if !Suppression::holds_for_good(&listed.entry.source) => {
            table.delete_of_unchanged(&key, &listed.data).map(Some)
        }
        _ => Ok(None),
    }
}
