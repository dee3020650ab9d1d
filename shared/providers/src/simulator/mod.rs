//! Provider of every test key. It reaches no phone, and behaves like a provider: it answers with statuses, and sends callbacks
//! later, twice or out of order. It answers searches and polls from its items in the table.

mod script;
mod test_numbers;
mod text;
mod text_script;

use domain::call::{Call, Outcome, Report};
use domain::digest::hex;
use domain::ids::{ConversationId, ProviderCallId, Scope};
use domain::payload::Content;
use domain::phone::PhoneNumber;
use domain::sms::DeliveryReport;
use domain::time::{Span, Timestamp};
use futures::FutureExt;
use futures::future::BoxFuture;
pub use script::{Script, Stage};
use serde::{Deserialize, Serialize};
use store::{DialPermit, MESSAGE_VERSION, Message, QueueName, SimulatedCall, Store, StoreError};

use crate::outcome::{Wire, classify};
use crate::part::Part;
use crate::voice::{Found, ProviderError, Recording, SearchResult, VoiceProvider};
use script::Answer;
pub use test_numbers::{TEST_NUMBERS, TEXT_NUMBERS, TestNumber, TextNumber};
pub use text_script::TextScript;

/// Message for a callback on its way. It names a stage of a call; the report is computed when the message arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallbackJob {
    /// Version of the message format.
    pub v: u32,
    /// Conversation that the call was placed for.
    pub conversation: ConversationId,
    /// Owner of the conversation: organization and mode.
    pub scope: Scope,
    /// Attempt that the call was placed for.
    pub attempt: u32,
    /// Called number.
    pub to: PhoneNumber,
    /// Id of the call at the simulator.
    pub call_id: String,
    /// Stage that is reported.
    pub stage: Stage,
}

/// Message for a delivery report on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportJob {
    /// Version of the message format.
    pub v: u32,
    /// Conversation that the SMS message was sent for.
    pub conversation: ConversationId,
    /// Owner of the conversation: organization and mode.
    pub scope: Scope,
    /// Number of the SMS message in that conversation.
    pub number: u32,
    /// Delivery report.
    pub report: DeliveryReport,
}

/// Message for a customer's SMS message on its way to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplyJob {
    /// Version of the message format.
    pub v: u32,
    /// Recipient: organization and mode.
    pub scope: Scope,
    /// Number of the customer.
    pub from: PhoneNumber,
    /// Number that the SMS message is sent to.
    pub to: PhoneNumber,
    /// Id of the SMS message at the simulator.
    pub message_id: String,
    /// Text of the SMS message.
    pub content: String,
}

/// Message that the simulator sends to itself, to act on it later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SimulatorJob {
    /// Callback about a stage of a call.
    Call(CallbackJob),
    /// Delivery report for an SMS message.
    Report(ReportJob),
    /// SMS message from a customer.
    Reply(ReplyJob),
}

/// Simulated provider.
#[derive(Clone, Debug)]
pub struct Simulator {
    store: Store,
}

impl Simulator {
    /// Creates a simulator that stores its calls in this store's table and sends its callbacks through this store's queue.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Returns the reports of a callback that arrives now. They are empty if the call has taken another course since the
    /// callback was sent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn report(&self, job: &CallbackJob) -> Result<Vec<Report>, StoreError> {
        let call = self.store.table.simulated_call(&job.to, &job.call_id).await?;
        Ok(call.and_then(|call| script::report(&call, job.stage)).unwrap_or_default())
    }

    async fn place(&self, permit: &DialPermit) -> Wire<ProviderCallId> {
        let call = permit.call();
        let script = Script::of(&call.to);
        match script.answer(permit.attempt()) {
            Answer::Refuse { status, meaning } => {
                return Wire::Answered { status, retry_after: None, id: None, meaning, code: None };
            }
            Answer::TooManyRequests => {
                let retry_after = Some(Span::seconds(1));
                return Wire::Answered { status: 429, retry_after, id: None, meaning: None, code: None };
            }
            Answer::Place | Answer::PlaceAndTimeOut => {}
        }
        let Ok(random) = self.store.table.entropy().bytes::<12>() else { return Wire::NotSent };
        let placed = SimulatedCall {
            call_id: format!("sim_{}", hex(&random)),
            conversation: call.id,
            attempt: permit.attempt(),
            to: call.to.clone(),
            placed_at: self.store.table.now(),
            ring_seconds: call.limits.ring_seconds,
            max_duration_seconds: call.limits.max_duration_seconds,
            hung_up_at: None,
        };
        if let Err(error) = self.store.table.put_simulated_call(&placed).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the simulator's call may not have been placed");
            return Wire::Broken;
        }
        self.send_callbacks(&placed, &call.scope, &script::callbacks(&placed), placed.placed_at).await;
        if script.answer(permit.attempt()) == Answer::PlaceAndTimeOut {
            return Wire::TimedOut;
        }
        let id = Some(ProviderCallId::new(placed.call_id));
        Wire::Answered { status: 201, retry_after: None, id, meaning: None, code: None }
    }

    async fn send_callbacks(&self, call: &SimulatedCall, scope: &Scope, stages: &[(Timestamp, Stage)], now: Timestamp) {
        let job = |stage: Stage| CallbackJob {
            v: MESSAGE_VERSION,
            conversation: call.conversation,
            scope: scope.clone(),
            attempt: call.attempt,
            to: call.to.clone(),
            call_id: call.call_id.clone(),
            stage,
        };
        let jobs: Vec<(Timestamp, SimulatorJob)> =
            stages.iter().map(|(at, stage)| (*at, SimulatorJob::Call(job(*stage)))).collect();
        self.send_later(scope, &jobs, now).await;
    }

    /// Sends messages to the simulator's queue. A failure is only logged: real callbacks may be lost too, and polls and
    /// searches make up for them.
    async fn send_later(&self, scope: &Scope, jobs: &[(Timestamp, SimulatorJob)], now: Timestamp) {
        let messages: Result<Vec<Message>, StoreError> =
            jobs.iter().map(|(at, job)| Message::new(job, scope, at.since(now))).collect();
        let sent = match messages {
            Ok(messages) => self.send_stubbornly(&messages).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(error = &error as &dyn std::error::Error, "the simulator's callbacks are lost");
        }
    }

    /// Sends messages, and sends those once more that SQS left out of the batch. A customer's answer comes only once.
    async fn send_stubbornly(&self, messages: &[Message]) -> Result<(), StoreError> {
        let sent = self.store.queues.send_each(QueueName::Simulator, messages).await;
        let left_out =
            messages.iter().zip(&sent.taken).filter(|(_, taken)| !**taken).map(|(message, _)| message.clone());
        let left_out: Vec<Message> = left_out.collect();
        self.store.queues.send(QueueName::Simulator, &left_out).await
    }

    async fn find(&self, call: &Call) -> Result<Option<Found>, ProviderError> {
        if !Script::of(&call.to).answers_searches() {
            return Ok(None);
        }
        let now = self.store.table.now();
        let placed = self.store.table.simulated_calls(&call.to).await.map_err(ProviderError::new)?;
        let found = placed.into_iter().find(|placed| placed.conversation == call.id && placed.attempt == call.attempt);
        Ok(found.map(|placed| {
            let reports = script::snapshot(&placed, now);
            (ProviderCallId::new(placed.call_id), reports)
        }))
    }

    async fn ask(&self, call: &Call, call_id: &ProviderCallId) -> Result<Option<Vec<Report>>, ProviderError> {
        if !Script::of(&call.to).answers_polls() {
            return Err(ProviderError::new("the script says nothing more"));
        }
        let placed = self.store.table.simulated_call(&call.to, call_id.as_str()).await.map_err(ProviderError::new)?;
        Ok(placed.map(|placed| script::snapshot(&placed, self.store.table.now())))
    }

    async fn end(&self, call: &Call, call_id: &ProviderCallId) -> Result<bool, ProviderError> {
        let now = self.store.table.now();
        let table = &self.store.table;
        let placed = table.simulated_call(&call.to, call_id.as_str()).await.map_err(ProviderError::new)?;
        let Some(mut placed) = placed else { return Ok(true) };
        if script::is_over(&placed, now) {
            return Ok(true);
        }
        table.hang_up_simulated_call(&call.to, call_id.as_str(), now).await.map_err(ProviderError::new)?;
        placed.hung_up_at = Some(now);
        self.send_callbacks(&placed, &call.scope, &script::callbacks_after_hang_up(&placed), now).await;
        Ok(true)
    }
}

impl VoiceProvider for Simulator {
    fn create<'a>(&'a self, permit: DialPermit, _content: &'a Content) -> BoxFuture<'a, Outcome> {
        async move { classify(self.place(&permit).await) }.boxed()
    }

    fn search<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<SearchResult<Found>, ProviderError>> {
        async { self.find(call).await.map(SearchResult::from) }.boxed()
    }

    fn poll<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<Option<Vec<Report>>, ProviderError>> {
        self.ask(call, call_id).boxed()
    }

    fn hang_up<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<bool, ProviderError>> {
        self.end(call, call_id).boxed()
    }

    fn recording<'a>(
        &'a self,
        _call: &'a Call,
        _reference: &'a str,
        _part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>> {
        let recording = Recording::Inline { content_type: "audio/wav", bytes: script::silence(), range: None };
        futures::future::ready(Ok(Some(recording))).boxed()
    }
}
