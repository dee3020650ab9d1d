//! A callback of the simulator: it travels by a delayed message, and is taken in as any provider's.

use domain::call::{Input, ProviderCallId};
use providers::simulator::CallbackJob;
use serde_json::Value;
use store::{CallRef, Loaded, QueueName, StoreError};

use super::batch::{self, Next};
use crate::app::App;
use crate::error::Error;

/// Consumes a batch of callbacks.
///
/// # Errors
/// [`Error::Event`] where the event is no batch.
pub(crate) async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    batch::consume(&app.store.queues, QueueName::Simulator, event, |job: CallbackJob| async move {
        take_in(app, &job).await.map(|()| Next::Done)
    })
    .await
}

async fn take_in(app: &App, job: &CallbackJob) -> Result<(), StoreError> {
    let reports = app.providers.simulator.report(job).await?;
    if reports.is_empty() {
        return Ok(());
    }
    let reference = CallRef { conversation: job.conversation, scope: job.scope.clone(), suppression: None };
    let call_id = ProviderCallId::new(job.call_id.clone());
    let heard = |_: &Loaded| Input::Heard { attempt: job.attempt, call_id: call_id.clone(), reports: reports.clone() };
    app.store.apply(&reference, None, heard).await.map(drop)
}
