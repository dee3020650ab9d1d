//! Owners of a provider's calls and SMS messages, if the provider's own list does not show them. An entry is kept for
//! as long as a conversation may search for its call or message.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::holder::{HeldBy, Holder};
use domain::planted::{Bug, is_planted};
use domain::provider::Provider;
use domain::time::{Span, Timestamp};

use crate::error::StoreError;
use crate::item::{self, DATA, Item, from_item, number, text, to_json};
use crate::keys;
use crate::read::Items;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, transact_put};

/// Lifetime of an entry. It exceeds the time for which any attempt is searched for.
const KEPT_FOR: Span = Span::hours(48);

/// Attribute that marks an owner that was not named by the provider but claimed a found call or message by likeness.
const ADOPTED: &str = "adopted";

impl Table {
    /// Builds the write that records the owner of a provider's call or message. An owner that the provider named never
    /// replaces another named owner. An owner by likeness is recorded only if there is none yet.
    pub(crate) fn hold_write(
        &self,
        (provider, provider_id): (Provider, &str),
        holder: &Holder,
        by: HeldBy,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut held = item::item(&keys::held(provider, provider_id), holder)?;
        item::expire(&mut held, Some(now + KEPT_FOR));
        if is_planted(Bug::UnconditionalHold) {
            return Ok(transact_put(self.put_of(held, None)?));
        }
        let put = Put::builder()
            .table_name(self.name())
            .expression_attribute_names("#data", DATA)
            .expression_attribute_values(":mine", text(to_json(holder)?));
        let put = match by {
            HeldBy::Name => put
                .condition_expression(format!("{MUST_BE_NEW} OR attribute_not_exists(#adopted) OR #data = :mine"))
                .expression_attribute_names("#adopted", ADOPTED)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld),
            HeldBy::Likeness => {
                held.insert(ADOPTED.to_owned(), number(1));
                put.condition_expression(format!("{MUST_BE_NEW} OR #data = :mine"))
            }
        };
        let put = put.set_item(Some(held)).build().map_err(|error| StoreError::aws("PutItem", error))?;
        Ok(transact_put(put))
    }

    /// Builds the write that gives a call or message to its named owner, replacing an owner by likeness.
    pub(crate) fn hand_over_write(
        &self,
        provider: Provider,
        provider_id: &str,
        to: &Holder,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let mut held = item::item(&keys::held(provider, provider_id), to)?;
        item::expire(&mut held, Some(now + KEPT_FOR));
        self.put_of(held, None)
    }

    /// Returns those of at most 100 provider calls or messages that belong to a conversation other than this one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn held(
        &self,
        provider: Provider,
        provider_ids: &[&str],
        me: &Holder,
    ) -> Result<Vec<String>, StoreError> {
        let items = self.read(provider_ids.iter().map(|id| keys::held(provider, id))).await?;
        let held = provider_ids.iter().filter(|id| items.is_held_by_another(provider, id, me));
        Ok(held.map(|id| (*id).to_owned()).collect())
    }
}

impl Items {
    /// Returns `true` if the items that were read show that a provider's call or message belongs to another
    /// conversation.
    pub fn is_held_by_another(&self, provider: Provider, provider_id: &str, me: &Holder) -> bool {
        // Older items contain only the conversation and cannot be decoded. They count as another conversation's.
        self.get(&keys::held(provider, provider_id))
            .is_some_and(|item| from_item("holder", item).ok().as_ref() != Some(me))
    }
}

/// Returns the owner by likeness that an item records, or `None` if the provider named the owner.
pub(crate) fn adopter(item: &Item) -> Option<Holder> {
    item.get(ADOPTED)?;
    from_item("holder", item).ok()
}
