//! Model behind the chat-completions protocol, which OpenAI, Bedrock's compatible endpoint, vLLM and Ollama speak.
//!
//! An organization may choose the address. So requests go through the guarded client, and answers are treated as untrusted.

use std::fmt;
use std::time::Duration;

use domain::size::json_len;
use domain::tool::is_tool_name;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value};
use url::Url;

use super::complaint::Complaint;
use super::habits::{Habit, Habits};
use super::reasoning::without_reasoning;
use super::{BadArguments, ErrorCode, Model, ModelError, Prompt, Reply, Said, ToolRequest};
use crate::egress::{Answer, Egress, EgressError, OutboundRequest};

#[cfg(test)]
mod tests;
mod wire;

/// Time limit of a model request, from the DNS look-up to the end of the answer. A customer waits for it.
pub const MODEL_TIMEOUT: Duration = Duration::from_secs(30);

/// Number of bytes that are read of an answer. They are many times the length of an SMS, because some servers send their
/// reasoning too.
const KEEP_BYTES: usize = 256 * 1_024;

/// Maximum number of tool calls in one answer.
const MOST_TOOL_REQUESTS: usize = 8;

/// Maximum size of a tool call's arguments, in bytes of JSON. They are stored in the conversation's log.
const LARGEST_ARGUMENTS: usize = 32 * 1_024;

/// Maximum length of a tool call's id that is accepted, in bytes.
const LONGEST_ID: usize = 128;

/// API key for a model. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// Error for a text that is not an API key. It does not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be visible ASCII characters, without spaces")]
pub struct NotAKey;

impl ApiKey {
    /// Parses a key. It has to be able to stand in a header: visible ASCII characters only.
    ///
    /// # Errors
    /// [`NotAKey`] if it is empty or has other characters.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let well_formed = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if well_formed { Ok(Self(text.to_owned())) } else { Err(NotAKey) }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Address, model and parameters of the requests.
#[derive(Clone, PartialEq)]
pub struct ChatSettings {
    /// Base URL, such as `https://api.openai.com/v1`. Requests go to `/chat/completions` below it.
    pub base_url: Url,
    /// Name of the model.
    pub model: String,
    /// API key, if the server wants one.
    pub key: Option<ApiKey>,
    /// Sampling temperature. `None` leaves it to the server's default.
    pub temperature: Option<f64>,
}

impl fmt::Debug for ChatSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.model, self.base_url.host_str().unwrap_or("-"))
    }
}

/// Model behind the chat-completions protocol.
#[derive(Clone, Debug)]
pub struct ChatCompletions {
    egress: Egress,
    habits: Habits,
    settings: ChatSettings,
}

impl Model for ChatCompletions {
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<Reply, ModelError>> {
        self.ask(prompt).boxed()
    }
}

impl ChatCompletions {
    /// Creates a model. `habits` are the request options that were learned from earlier answers.
    pub fn new(egress: Egress, habits: Habits, settings: ChatSettings) -> Self {
        Self { egress, habits, settings }
    }

    /// Sends the request. If the answer says that an option is wrong, or that the model had no room to think, the request is
    /// repeated with other options. The same options are never used twice.
    async fn ask(&self, prompt: &Prompt) -> Result<Reply, ModelError> {
        let ChatSettings { base_url, model, .. } = &self.settings;
        let known = self.habits.of(base_url, model);
        let mut tried = vec![known];
        loop {
            let habit = tried.last().copied().unwrap_or(known);
            let answer = self.egress.send(self.request(prompt, habit)?).await?;
            let corrected = habit.corrected(answer.status, &answer.body);
            let reply = self.understood(&answer, prompt);
            let next = match &reply {
                Err(ModelError::SpentThinking) => Some(Habit { thinks: true, ..habit }),
                Err(_) => corrected,
                Ok(_) => None,
            };
            match next.filter(|next| !tried.contains(next)) {
                Some(next) => tried.push(next),
                None => {
                    if reply.is_ok() && habit != known {
                        self.habits.learn(base_url, model, habit);
                    }
                    return reply;
                }
            }
        }
    }

    fn understood(&self, answer: &Answer, prompt: &Prompt) -> Result<Reply, ModelError> {
        let Answer { status, retry_after, body, cut } = answer;
        let (status, retry_after) = (*status, *retry_after);
        let complaint = || Complaint::read(body, self.settings.key.as_ref().map(|ApiKey(key)| key.as_str()));
        match status {
            200..=299 if *cut => Err(ModelError::Unreadable("is larger than an answer can be")),
            200..=299 => read(body, &prompt.turns),
            429 => Err(ModelError::Throttled { retry_after, code: code(body), complaint: complaint() }),
            // 408, 409 and 425 concern the moment, not the request.
            408 | 409 | 425 | 500..=599 => Err(ModelError::Unavailable { status, retry_after }),
            _ => Err(ModelError::Rejected { status, code: code(body), complaint: complaint() }),
        }
    }

    fn request(&self, prompt: &Prompt, habit: Habit) -> Result<OutboundRequest, ModelError> {
        let mut url = self.settings.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["chat", "completions"]);
        }
        let body = serde_json::to_vec(&wire::Request::new(&self.settings, prompt, habit));
        let body = body.map_err(|error| EgressError::Setup(error.into()))?;
        let headers = self.headers().map_err(|error| EgressError::Setup(error.into()))?;
        let (timeout, keep_bytes) = (MODEL_TIMEOUT, KEEP_BYTES);
        Ok(OutboundRequest { method: Method::POST, url, headers, body, timeout, keep_bytes, needs_all: true })
    }

    fn headers(&self) -> Result<HeaderMap, InvalidHeaderValue> {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON), (ACCEPT, JSON)]);
        if let Some(ApiKey(key)) = &self.settings.key {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }
}

/// Returns the vendor's error code in the body of an error.
fn code(body: &str) -> Option<ErrorCode> {
    let body: Value = serde_json::from_str(body).ok()?;
    let error = body.get("error")?;
    ["code", "type"].into_iter().find_map(|field| ErrorCode::parse(error.get(field)?.as_str()?))
}

/// Parses a successful answer.
fn read(body: &str, turns: &[Said]) -> Result<Reply, ModelError> {
    let completion: wire::Completion =
        serde_json::from_str(body).map_err(|_| ModelError::Unreadable("is no chat completion"))?;
    let choice = completion.choices.into_iter().next().ok_or(ModelError::Unreadable("has no choice in it"))?;
    match choice.finish_reason.as_deref() {
        Some("length") => return Err(cut_off(choice.message)),
        Some("content_filter") => return Err(ModelError::Filtered),
        Some(_) | None => {}
    }
    let message = choice.message;
    let calls = message.tool_calls.unwrap_or_default();
    if !calls.is_empty() {
        // Text next to a tool call ("Let me look …") is not sent: the customer waits for one answer.
        return requests(calls, turns).map(Reply::Tools);
    }
    if message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(ModelError::Filtered);
    }
    let text = without_reasoning(&message.content.unwrap_or_default());
    if text.is_empty() { Err(ModelError::Empty) } else { Ok(Reply::Text(text)) }
}

/// Classifies an answer that was cut off. Without any text or tool call, the model has spent its tokens on thinking.
fn cut_off(message: wire::Answered) -> ModelError {
    let said = without_reasoning(&message.content.unwrap_or_default());
    let calls = message.tool_calls.unwrap_or_default();
    if said.is_empty() && calls.is_empty() { ModelError::SpentThinking } else { ModelError::CutOff }
}

fn requests(calls: Vec<wire::ToolCall>, turns: &[Said]) -> Result<Vec<ToolRequest>, ModelError> {
    if calls.len() > MOST_TOOL_REQUESTS {
        return Err(ModelError::Unreadable("wants too many tools called at once"));
    }
    let mut ids: Vec<String> = turns
        .iter()
        .filter_map(|said| match said {
            Said::ToolCall { id, .. } => Some(id.clone()),
            Said::Agent(_) | Said::Customer(_) => None,
        })
        .collect();
    let mut requests = Vec::new();
    for wire::ToolCall { id, function } in calls {
        // The name goes back to the model with the result, and servers refuse one of another form.
        if !is_tool_name(&function.name) {
            return Err(ModelError::Unreadable("names a tool that cannot be"));
        }
        // Some servers give no id, or the same one twice. The call then gets an id of our own.
        let usable = |id: &String| (1..=LONGEST_ID).contains(&id.len()) && !ids.contains(id);
        let own = || (1..=ids.len() + 1).map(|number| format!("call_{number}")).find(|id| !ids.contains(id));
        let id = id.filter(usable).or_else(own).unwrap_or_default();
        ids.push(id.clone());
        requests.push(ToolRequest { id, name: function.name, arguments: arguments(function.arguments) });
    }
    Ok(requests)
}

/// Parses a tool's arguments. The protocol has JSON in a text. Lax servers send an object as it is. Some models send nothing to
/// a tool without parameters.
fn arguments(arguments: Option<Value>) -> Result<Value, BadArguments> {
    let value = match arguments {
        None => Value::Object(Map::new()),
        Some(Value::String(text)) if text.trim().is_empty() => Value::Object(Map::new()),
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|error| BadArguments(error.to_string()))?,
        Some(value) => value,
    };
    if json_len(&value) > LARGEST_ARGUMENTS {
        return Err(BadArguments(format!("larger than {LARGEST_ARGUMENTS} bytes")));
    }
    if value.is_object() { Ok(value) } else { Err(BadArguments("another JSON value".to_owned())) }
}
