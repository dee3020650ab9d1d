//! Inbound SMS messages that belong to no open conversation.

use domain::sms::Alone;

use domain::ids::Scope;
use domain::organization::Organization;

use crate::backoff::Backoff;
use crate::commit::Store;
use crate::effects::{delivery_jobs, log_items, suppression_write};
use crate::error::StoreError;
use crate::item;
use crate::keys;
use crate::loaded::listed;
use crate::watch::{self, Step};
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put};

impl Store {
    /// Stores an inbound SMS message that belongs to no conversation: its events and the effect of a keyword in it. A
    /// repeated message changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_in_alone(&self, scope: &Scope, text: &Alone) -> Result<(), StoreError> {
        let table = &self.table;
        let mut backoff = Backoff::new(table.clock(), CONFLICT_PATIENCE_MS);
        let owner_key = keys::organization(&scope.organization);
        let seen_key = keys::inbound(scope, text.inbound.provider_message_id.as_str());
        let listed_key = keys::suppression(scope, &text.customer);
        loop {
            let now = table.now();
            let items = table.read([owner_key.clone(), seen_key.clone(), listed_key.clone()]).await?;
            let organization: Option<Organization> = items.read("organization", &owner_key)?;
            let Some(organization) = organization else { return Ok(()) };
            if items.get(&seen_key).is_some() {
                return Ok(());
            }
            let listed = listed(&items, &listed_key)?;
            let suppressed_by = listed.as_ref().map(|listed| listed.entry.source.as_str());
            let (log, effect) = text.taken_in(suppressed_by, now);
            let jobs = delivery_jobs(text.log_id, scope, &log, &organization);
            let remembered = item::item(&seen_key, &text.log_id)?;
            let mut writes = vec![transact_put(table.put_of(remembered, Some(MUST_BE_NEW))?)];
            for item in log_items(text.log_id, &log, &jobs, None, now)? {
                writes.push(transact_put(table.put_of(item, None)?));
            }
            if let Some(effect) = &effect {
                writes.extend(suppression_write(table, scope, &text.customer, listed.as_ref(), effect, now)?);
            }
            match table.transact(writes).await? {
                Written::Done => {
                    watch::show(Step::Unassigned { scope, id: text.log_id, log: &log });
                    self.enqueue_deliveries(&jobs).await;
                    return Ok(());
                }
                Written::Refused { .. } if backoff.wait().await => {}
                Written::Refused { .. } => return Err(StoreError::Conflict),
            }
        }
    }
}
