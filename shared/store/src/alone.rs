//! Inbound SMS messages that belong to no open conversation.

use domain::ids::Scope;
use domain::organization::Organization;
use domain::phone_input::canonical;
use domain::sms::UnmatchedInbound;

use crate::backoff::Backoff;
use crate::commit::Store;
use crate::effects::{delivery_jobs, log_items, suppression_writes};
use crate::error::StoreError;
use crate::loaded::{Listing, listed};
use crate::watch::{self, Step};
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written, transact_put};
use crate::{item, keys};

impl Store {
    /// Stores an inbound SMS message that belongs to no conversation: its events and the effect of a keyword in it. A
    /// repeated message changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn store_unmatched_inbound(&self, scope: &Scope, text: &UnmatchedInbound) -> Result<(), StoreError> {
        let table = &self.table;
        let mut backoff = Backoff::new(table.clock(), CONFLICT_PATIENCE_MS);
        let owner_key = keys::organization(&scope.organization);
        let seen_key = keys::inbound(scope, text.inbound.provider_message_id.as_str());
        let given_key = keys::suppression(scope, &text.customer);
        let canonical_key = canonical(&text.customer).map(|number| keys::suppression(scope, &number));
        loop {
            let now = table.now();
            let wanted = [&owner_key, &seen_key, &given_key].into_iter().chain(&canonical_key);
            let items = table.read(wanted.cloned()).await?;
            let organization: Option<Organization> = items.read("organization", &owner_key)?;
            let Some(organization) = organization else { return Ok(()) };
            if items.get(&seen_key).is_some() {
                return Ok(());
            }
            let canonical = canonical_key.as_ref().map(|key| listed(&items, key)).transpose()?.flatten();
            let listing = Listing { given: listed(&items, &given_key)?, canonical };
            let (log, effect) = text.taken_in(listing.source(), now);
            let jobs = delivery_jobs(text.log_id, scope, &log, &organization);
            let remembered = item::item(&seen_key, &text.log_id)?;
            let mut writes = vec![transact_put(table.put_of(remembered, Some(MUST_BE_NEW))?)];
            for item in log_items(text.log_id, &log, &jobs, None, now)? {
                writes.push(transact_put(table.put_of(item, None)?));
            }
            if let Some(effect) = &effect {
                writes.extend(suppression_writes(table, scope, &text.customer, &listing, effect, now)?);
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
