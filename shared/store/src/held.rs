//! Which of a provider's calls and texts belong to a conversation, where the provider's own list does not show it. Kept for
//! as long as somebody may search.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::conversation::{HeldBy, Holder};
use domain::organization::Provider;
use domain::planted::{Bug, is_planted};
use domain::time::{Span, Timestamp};

use crate::error::StoreError;
use crate::item::{self, DATA, Item, from_item, number, text, to_json};
use crate::keys;
use crate::read::Items;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, transact_put};

/// Longer than any attempt is searched for.
const KEPT_FOR: Span = Span::hours(48);

/// The attribute of an item that says that its holder was not named, but adopted what it holds.
const ADOPTED: &str = "adopted";

impl Table {
    /// The write that says whose a call or text is. Who was named with it takes it from nobody else who was named: there is
    /// nobody, or the same. Who adopts it gets it only while nobody has it.
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

    /// The write that gives to whom it belongs what somebody else had adopted.
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

    /// Those of a provider's calls or texts, at most 100, that belong to a conversation, but for this one's.
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
    /// Whether a provider's call or text belongs to another conversation than this, by what was read.
    pub fn is_held_by_another(&self, provider: Provider, provider_id: &str, me: &Holder) -> bool {
        // Items of the time before have the conversation alone: they are somebody's.
        self.get(&keys::held(provider, provider_id))
            .is_some_and(|item| from_item("holder", item).ok().as_ref() != Some(me))
    }
}

/// Whoever has adopted what an item says is held; `None` where its holder was named.
pub(crate) fn adopter(item: &Item) -> Option<Holder> {
    item.get(ADOPTED)?;
    from_item("holder", item).ok()
}
