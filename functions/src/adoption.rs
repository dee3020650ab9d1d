//! Whose is what a search found? Where a provider's list does not show our attempts, what looks like one is adopted only
//! where it is the only one, no conversation holds it, and nobody else is adopting it at the same moment.

use domain::ids::ConversationId;
use domain::organization::Provider;
use providers::Sought;
use store::{StoreError, Table};

/// What may be taken for the attempt's, if there is one. `number` is the attempt's, or the text's.
pub(crate) async fn only_one<T>(
    table: &Table,
    provider: Provider,
    conversation: ConversationId,
    number: u32,
    sought: Sought<T>,
    id: impl Fn(&T) -> &str,
) -> Result<Option<T>, StoreError> {
    let alike = match sought {
        Sought::Nothing => return Ok(None),
        Sought::Ours(found) => return Ok(Some(found)),
        Sought::Alike(alike) => alike,
    };
    if alike.is_empty() {
        return Ok(None);
    }
    let ids: Vec<&str> = alike.iter().map(&id).collect();
    let held = table.held(provider, &ids).await?;
    let mut free: Vec<T> = alike.into_iter().filter(|found| held.iter().all(|held| held != id(found))).collect();
    if free.len() > 1 {
        tracing::warn!(%conversation, alike = free.len(), "more than one looks like the attempt: none is adopted");
        return Ok(None);
    }
    let Some(found) = free.pop() else { return Ok(None) };
    let reserved = table.reserve(provider, id(&found), &format!("{conversation}#{number}")).await?;
    Ok(reserved.then_some(found))
}
