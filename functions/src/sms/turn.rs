//! Turn of an SMS agent: the model reads the history, calls tools, and answers. The turn's lease makes it exclusive. Each tool
//! call and the answer are claimed by a conditional write before anything is sent.

use std::time::Duration;

use domain::ids::Mode;
use domain::payload::Content;
use domain::signature::Secret;
use domain::sms::{Brief, Claim, Input, SmsConversation, TextLimit};
use domain::time::Span;
use domain::tool::{Tool, ToolCallKey, ToolOutcome};
use providers::model::{Model, ModelError, Prompt, Reply, Said, ToolRequest};
use providers::tools::{self, Context};
use serde_json::{Map, Value};
use store::{Applied, ConversationRef, Loaded, StoreError};

use super::history::history;
use super::model::{MAX_OUTPUT_TOKENS, model_of};
use super::sending::{prepare, send};
use crate::app::App;
use crate::turnstile::Turnstile;

/// Longest duration of a turn. The timeout of its function is longer, and the turn's lease is longer than that.
pub const TURN_TIMEOUT: Duration = Duration::from_secs(90);

/// Number of requests to a model beyond those that its tool calls need. The model may call tools that do not exist.
const SPARE_ROUNDS: u32 = 3;

/// Reason why a turn has no answer.
enum Failure {
    /// Failure of the table or the queues.
    Store(StoreError),
    /// Failure of the model.
    Model(ModelError),
    /// Model that only calls tools.
    Endless,
    /// Missing model. The agent was stored before one was required.
    NoModel,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Result of working on an answer.
enum Worked {
    /// Answer of the model.
    Answer(String),
    /// Loss of the turn: something newer came in, or the turn is over.
    Lost,
}

/// Takes the pending turn: claims it, works on an answer, and sends it.
pub(crate) async fn take(
    app: &App,
    turnstile: &Turnstile,
    reference: &ConversationRef,
    loaded: Loaded<SmsConversation>,
) -> Result<(), StoreError> {
    let claim = |loaded: &Loaded<SmsConversation>| Input::ClaimTurn { objections: loaded.objections() };
    let Some(applied) = app.store.apply(reference, Some(loaded), claim).await? else { return Ok(()) };
    let Some(Claim::Turn { turn }) = applied.claimed() else { return Ok(()) };
    let worked = tokio::time::timeout(TURN_TIMEOUT, Box::pin(work(app, reference, &applied, turn))).await;
    match worked {
        Ok(Ok(Worked::Answer(content))) => {
            Box::pin(answer(app, turnstile, reference, turn, applied.conversation(), content)).await
        }
        Ok(Ok(Worked::Lost)) => Ok(()),
        Ok(Err(Failure::Store(error))) => Err(error),
        Ok(Err(Failure::Model(error))) => {
            let now = app.now();
            let retry_after = error.retry_after().map(|after| after.from(now));
            // The vendor's message is meant for the organization and is not logged.
            tracing::warn!(conversation = %reference.conversation, turn, error = &error as &dyn std::error::Error, "the model failed");
            fail(app, reference, turn, error.told(), error.is_retryable(), retry_after).await
        }
        Ok(Err(Failure::Endless)) => {
            let why = "the model called tools and gave no answer".to_owned();
            fail(app, reference, turn, why, false, None).await
        }
        Ok(Err(Failure::NoModel)) => {
            let why = "the agent has no model: set its sms.model".to_owned();
            tracing::warn!(conversation = %reference.conversation, turn, why, "the agent answers nothing");
            let speechless = |_: &Loaded<SmsConversation>| Input::Speechless { turn, why: why.clone() };
            app.store.apply(reference, None, speechless).await.map(drop)
        }
        Err(_) => fail(app, reference, turn, "the turn took too long".to_owned(), true, None).await,
    }
}

async fn work(
    app: &App,
    reference: &ConversationRef,
    claimed: &Applied<SmsConversation>,
    turn: u32,
) -> Result<Worked, Failure> {
    let conversation = claimed.conversation();
    let told = app.store.table.brief_and_content(conversation.id).await?;
    let (brief, _) = &told;
    if conversation.scope.mode == Mode::Live && brief.model.is_none() {
        return Err(Failure::NoModel);
    }
    let model = model_of(app, &conversation.scope, brief).await.map_err(Failure::Model)?;
    let mut prompt = Prompt {
        system: brief.prompt.clone(),
        turns: history(&app.store.table, conversation).await?,
        tools: brief.tools.iter().map(Tool::spec).collect(),
        max_output_tokens: brief.model.as_ref().map_or(MAX_OUTPUT_TOKENS, |model| model.max_output_tokens),
    };
    let mut tool_calls = 0;
    for _ in 0..=brief.max_tool_calls + SPARE_ROUNDS {
        if tool_calls >= brief.max_tool_calls {
            prompt.tools.clear();
        }
        match model.complete(&prompt).await.map_err(Failure::Model)? {
            Reply::Text(text) => {
                let limit = conversation.provider.text_limit();
                return Ok(Worked::Answer(shortened(model.as_ref(), &prompt, text, limit).await));
            }
            Reply::Tools(requests) => {
                for request in requests {
                    if tool_calls >= brief.max_tool_calls {
                        break;
                    }
                    tool_calls += 1;
                    let Some(said) = call(app, reference, &told, turn, request).await? else {
                        return Ok(Worked::Lost);
                    };
                    prompt.turns.push(said);
                }
            }
        }
    }
    Err(Failure::Endless)
}

/// Calls a tool once: claims the invocation first, and records the result after it. `None` if the turn was lost.
async fn call(
    app: &App,
    reference: &ConversationRef,
    (brief, content): &(Brief, Content),
    turn: u32,
    request: ToolRequest,
) -> Result<Option<Said>, StoreError> {
    let ToolRequest { id, name, arguments } = request;
    // Arguments that cannot be parsed are shown as an empty object.
    let shown = arguments.clone().unwrap_or_else(|_| Value::Object(Map::new()));
    let asked = |_: &Loaded<SmsConversation>| Input::ToolCalled { turn, name: name.clone(), arguments: shown.clone() };
    let Some(applied) = app.store.apply(reference, None, asked).await? else { return Ok(None) };
    let Some(Claim::Tool { index, .. }) = applied.claimed() else { return Ok(None) };
    let key = ToolCallKey { conversation: reference.conversation, turn, index };
    let tool_call_id = key.to_string();
    let conversation = applied.conversation();
    let context = Context { customer: &conversation.to, content, request_id: conversation.request_id.as_deref() };
    let outcome = match &arguments {
        Err(bad) => ToolOutcome::Error(bad.to_string()),
        Ok(arguments) => match tools::check(&brief.tools, &name, arguments) {
            Err(refused) => refused,
            Ok(checked) => {
                let secrets: Vec<Secret> =
                    brief.tool_secret.iter().filter_map(|text| Secret::parse(text).ok()).collect();
                let now = app.now();
                tools::call(&app.egress, &secrets, checked, &tool_call_id, key, context, now).await
            }
        },
    };
    let answered = |_: &Loaded<SmsConversation>| Input::ToolAnswered {
        tool_call_id: tool_call_id.clone(),
        outcome: outcome.clone(),
    };
    app.store.apply(reference, None, answered).await?;
    let result = outcome.for_model().into_owned();
    Ok(Some(Said::ToolCall { id, name, arguments: shown, result }))
}

/// Claims the sending of an answer, and sends it.
async fn answer(
    app: &App,
    turnstile: &Turnstile,
    reference: &ConversationRef,
    turn: u32,
    conversation: &SmsConversation,
    content: String,
) -> Result<(), StoreError> {
    prepare(app, conversation).await;
    let pass = turnstile.pass().await;
    let answered = |loaded: &Loaded<SmsConversation>| Input::Answered {
        turn,
        content: content.clone(),
        objections: loaded.objections(),
    };
    let Some(mut applied) = app.store.apply(reference, None, answered).await? else { return Ok(()) };
    let Some(permit) = applied.take_permit(None) else { return Ok(()) };
    Box::pin(send(app, reference, permit, Some(pass))).await.map(drop)
}

async fn fail(
    app: &App,
    reference: &ConversationRef,
    turn: u32,
    why: String,
    retryable: bool,
    retry_after: Option<Span>,
) -> Result<(), StoreError> {
    tracing::warn!(conversation = %reference.conversation, turn, "turn failed");
    let failed = |_: &Loaded<SmsConversation>| Input::TurnFailed { turn, why: why.clone(), retryable, retry_after };
    app.store.apply(reference, None, failed).await.map(drop)
}

/// Returns an answer that fits into one message, if possible. For a text that is too long, the model is asked once for a
/// shorter one. An answer that is still too long is sent in several messages.
pub(crate) async fn shortened(model: &dyn Model, prompt: &Prompt, text: String, limit: TextLimit) -> String {
    if limit.takes(&text) {
        return text;
    }
    let most = limit.surely() * 3 / 4;
    let system = format!(
        "{}\n\nYour last answer was too long for a text message. Answer again, in at most {most} characters.",
        prompt.system
    );
    let shorter = Prompt { system, tools: Vec::new(), ..prompt.clone() };
    match model.complete(&shorter).await {
        Ok(Reply::Text(shorter)) => shorter,
        Ok(Reply::Tools(_)) | Err(_) => text,
    }
}
