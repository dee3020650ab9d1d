//! Later reports of the simulator. They come as delayed messages and are applied as the callbacks of any provider.

use domain::call::{Call, Input};
use domain::ids::{ProviderCallId, ProviderMessageId};
use domain::sms;
use futures::FutureExt;
use providers::simulator::{CallbackJob, ReplyJob, ReportJob, SimulatorJob};
use serde_json::Value;
use store::{ConversationRef, Loaded, QueueName, StoreError};

use super::batch::{self, Next};
use crate::app::App;
use crate::error::Error;
use crate::route::{Function, Trigger};
use crate::sms::inbound::{InboundText, take_in, take_report};

/// The function and its trigger.
pub(crate) const FUNCTION: Function = Function {
    name: "simulator-callback",
    trigger: Trigger::Queue { queue: QueueName::Simulator, handle: |app, event| handle(app, event).boxed() },
    #[cfg(feature = "openapi")]
    document: None,
};

/// Consumes a batch of callbacks.
///
/// # Errors
/// [`Error::Event`] if the event is not a batch.
async fn handle(app: &App, event: Value) -> Result<Value, Error> {
    batch::consume(&app.store.queues, QueueName::Simulator, event, |job: SimulatorJob| async move {
        let taken_in = match job {
            SimulatorJob::Call(job) => call(app, &job).await,
            SimulatorJob::Report(job) => report(app, job).await,
            SimulatorJob::Reply(job) => reply(app, job).await,
        };
        taken_in.map(|()| Next::Done)
    })
    .await
}

async fn call(app: &App, job: &CallbackJob) -> Result<(), StoreError> {
    let reports = app.providers.simulator.report(job).await?;
    if reports.is_empty() {
        return Ok(());
    }
    let reference = ConversationRef::new(job.conversation, job.scope.clone());
    let call_id = ProviderCallId::new(job.call_id.clone());
    let heard =
        |_: &Loaded<Call>| Input::Heard { attempt: job.attempt, call_id: call_id.clone(), reports: reports.clone() };
    app.store.apply(&reference, None, heard).await.map(drop)
}

async fn report(app: &App, job: ReportJob) -> Result<(), StoreError> {
    let reference = ConversationRef::new(job.conversation, job.scope);
    take_report(app, &reference, job.number, &job.report).await
}

async fn reply(app: &App, job: ReplyJob) -> Result<(), StoreError> {
    let text = InboundText {
        scope: job.scope,
        ours: job.to,
        customer: job.from,
        inbound: sms::Inbound {
            provider_message_id: ProviderMessageId::new(job.message_id),
            content: job.content,
            carrier_keyword: None,
        },
    };
    take_in(app, &text).await
}
