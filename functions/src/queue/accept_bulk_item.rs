//! Acceptance of one item of a bulk request, through the same path as every front door.

use domain::organization::Organization;
use domain::time::Span;
use futures::FutureExt;
use serde_json::Value;
use store::{QueueName, StoreError, keys};

use super::batch::{self, Next};
use crate::acceptance::Refusal;
use crate::acceptance::bulk::accept_item;
use crate::app::App;
use crate::auth::Caller;
use crate::dialects::levers::refused;
use crate::dialects::levers_bulk_item::BulkItemJob;
use crate::error::Error;
use crate::route::{Function, Trigger};

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "accept-bulk-item",
    trigger: Trigger::Queue { queue: QueueName::Bulk, handle: |app, event| handle(app, event).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Consumes a batch of items.
///
/// # Errors
/// [`Error::Event`] if the event is not a batch.
async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    batch::consume(&app.store.queues, QueueName::Bulk, event, |job: BulkItemJob| async move { take(app, &job).await })
        .await
}

async fn take(app: &App, job: &BulkItemJob) -> Result<Next, StoreError> {
    let key = keys::organization(&job.scope.organization);
    let mut items = app.store.table.read([key.clone()]).await?;
    let Some(organization) = items.read::<Organization>("organization", &key)? else { return Ok(Next::Done) };
    let caller = Caller { scope: job.scope.clone(), organization, key: None };
    match accept_item(app, &caller, &mut items, job.item(&caller.organization), refused).await {
        Ok(_) => Ok(Next::Done),
        Err(Refusal::Failed(error)) => Err(error),
        // Spreads the delays, so that items that exceeded the limit together do not return together.
        Err(_) => Ok(Next::Again(Span::seconds(1 + job.index % 8))),
    }
}
