//! Which of a provider's calls and texts belong to a conversation, where the provider's own list does not show it. Kept for
//! as long as somebody may search.

use aws_sdk_dynamodb::types::Put;
use domain::ids::ConversationId;
use domain::organization::Provider;
use domain::time::{Span, Timestamp};

use crate::error::StoreError;
use crate::item::{self, DATA, EXPIRES_AT, Item, number, text, to_json};
use crate::keys;
use crate::table::Table;
use crate::write::{MUST_BE_NEW, Written, transact_put};

/// Longer than any attempt is searched for.
const KEPT_FOR: Span = Span::hours(48);

/// Longer than it takes from a reservation to the commit that adopts what was found; then it is held. Where that commit found its
/// attempt settled otherwise, somebody else may have it afterwards.
const RESERVED_FOR: Span = Span::minutes(15);

/// The item that says whose a call or text is.
pub(crate) fn held_item(
    provider: Provider,
    provider_id: &str,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<Item, StoreError> {
    let mut held = item::item(&keys::held(provider, provider_id), &conversation)?;
    item::expire(&mut held, Some(now + KEPT_FOR));
    Ok(held)
}

impl Table {
    /// Those of a provider's calls or texts, at most 100, that belong to a conversation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn held(&self, provider: Provider, provider_ids: &[&str]) -> Result<Vec<String>, StoreError> {
        let key = |id: &str| keys::held(provider, id);
        let items = self.read(provider_ids.iter().map(|id| key(id))).await?;
        let held = provider_ids.iter().filter(|id| items.get(&key(id)).is_some());
        Ok(held.map(|id| (*id).to_owned()).collect())
    }

    /// Takes a call or text that bears no mark of ours, before it is adopted: of two who find the same one at the same
    /// moment, one gets it. `by` is whoever adopts it; whoever has it already gets it again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reserve(&self, provider: Provider, provider_id: &str, by: &str) -> Result<bool, StoreError> {
        let now = self.now();
        let mut reserved = item::item(&keys::reserved(provider, provider_id), &by)?;
        item::expire(&mut reserved, Some(now + RESERVED_FOR));
        let put = Put::builder()
            .table_name(self.name())
            .set_item(Some(reserved))
            .condition_expression(format!("{MUST_BE_NEW} OR #data = :by OR #until <= :now"))
            .expression_attribute_names("#data", DATA)
            .expression_attribute_names("#until", EXPIRES_AT)
            .expression_attribute_values(":by", text(to_json(&by)?))
            .expression_attribute_values(":now", number(now.as_seconds()))
            .build()
            .map_err(|error| StoreError::aws("PutItem", error))?;
        Ok(matches!(self.transact(vec![transact_put(put)]).await?, Written::Done))
    }
}
