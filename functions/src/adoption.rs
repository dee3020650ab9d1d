//! Whose is what a search found? Where a provider's list does not show our attempts, what looks like one is adopted only
//! where it is the only one, and no conversation holds it.

use domain::ids::ConversationId;
use domain::organization::Provider;
use providers::Sought;
use store::{StoreError, Table};

/// What may be taken for the attempt's, if there is one.
pub(crate) async fn only_one<T>(
    table: &Table,
    provider: Provider,
    conversation: ConversationId,
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
    let mut free: Vec<T> = alike.into_iter().filter(|found| !held.contains(id(found))).collect();
    if free.len() > 1 {
        tracing::warn!(%conversation, alike = free.len(), "more than one looks like the attempt: none is adopted");
        return Ok(None);
    }
    Ok(free.pop())
}
