//! Acceptance of one item of a bulk request, through the same path as every API facade.

use domain::fingerprint::Fingerprint;
use domain::ids::{ConversationId, Scope};
use domain::organization::Organization;
use domain::time::Span;
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{BulkRefusal, Items, QueueName, StoreError, keys};

use super::batch::{self, Next};
use crate::acceptance::{self, Refusal};
use crate::app::App;
use crate::auth::Caller;
use crate::dialects::levers::{Callee, Settings, refused};
use crate::dialects::levers_call_bulk::item_id;
use crate::error::Error;
use crate::route::{Function, Trigger};

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "accept-bulk-item",
    trigger: Trigger::Queue { queue: QueueName::Bulk, handle: |app, event| handle(app, event).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Message for one item of a bulk request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkItemJob {
    /// Version of the message's format.
    pub(crate) v: u32,
    /// Organization and mode of the bulk request.
    pub(crate) scope: Scope,
    /// Id of the bulk request.
    pub(crate) bulk: ConversationId,
    /// Position of the item in the bulk request.
    pub(crate) index: u32,
    /// Fingerprint of the bulk request.
    pub(crate) fingerprint: String,
    /// Callee of the item.
    pub(crate) callee: Callee,
    /// Settings that the bulk request has once for all items.
    pub(crate) settings: Settings,
    /// Id of the HTTP request, as its client was told.
    #[serde(default)]
    pub(crate) request_id: Option<String>,
}

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
    match accept(app, &caller, &mut items, job).await {
        Ok(_) => Ok(Next::Done),
        Err(Refusal::Failed(error)) => Err(error),
        // Spreads the delays, so that items that exceeded the limit together do not return together.
        Err(_) => Ok(Next::Again(Span::seconds(1 + job.index % 8))),
    }
}

/// Accepts an item, or stores the reason for refusing it and returns that. An item that was accepted before counts as accepted.
///
/// # Errors
/// [`Refusal::TooFast`] or [`Refusal::Failed`] if the item could not be decided yet.
pub(crate) async fn accept(
    app: &App,
    caller: &Caller,
    items: &mut Items,
    job: &BulkItemJob,
) -> Result<Option<BulkRefusal>, Refusal> {
    let id = item_id(&job.scope, job.bulk, job.index);
    let fingerprint = Fingerprint::stored(job.fingerprint.clone()).part(job.index);
    let asked = job.callee.clone().request(&job.settings, Some(&caller.organization), Some(id), fingerprint);
    let refusal = match asked {
        Err(unreadable) => ("invalid_phone_number".to_owned(), format!("numberToCall {unreadable}")),
        Ok(asked) => match Box::pin(acceptance::accept(app, caller, items, &asked.of(job.request_id.clone()))).await {
            Ok(_) => return Ok(None),
            Err(undecided @ (Refusal::TooFast | Refusal::Failed(_))) => return Err(undecided),
            Err(refusal) => {
                let error = refused(refusal);
                (error.code().to_owned(), error.message())
            }
        },
    };
    let (code, message) = refusal;
    let refusal = BulkRefusal { index: job.index, code, message };
    app.store.table.refuse_bulk_item(&job.scope, job.bulk, &refusal).await?;
    Ok(Some(refusal))
}
