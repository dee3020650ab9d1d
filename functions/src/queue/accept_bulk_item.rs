//! Accepts an item of a bulk request, through the path that every front door ends in.

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

/// An item on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkItemJob {
    /// The message's version.
    pub(crate) v: u32,
    /// Whose it is.
    pub(crate) scope: Scope,
    /// The bulk request.
    pub(crate) bulk: ConversationId,
    /// The item's place in it.
    pub(crate) index: u32,
    /// The fingerprint of the bulk request.
    pub(crate) fingerprint: String,
    /// Whom to call.
    pub(crate) callee: Callee,
    /// What the request says once, for all items.
    pub(crate) settings: Settings,
    /// The bulk request, as its client was told of it.
    #[serde(default)]
    pub(crate) request_id: Option<String>,
}

/// Consumes a batch of items.
///
/// # Errors
/// [`Error::Event`] where the event is no batch.
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
        // A spread of waits, so that those that were too many do not come back together.
        Err(_) => Ok(Next::Again(Span::seconds(1 + job.index % 8))),
    }
}

/// Accepts an item, or writes down why not and gives that. An item that was accepted before is accepted.
///
/// # Errors
/// [`Refusal::TooFast`] and [`Refusal::Failed`]: nothing is decided yet.
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
