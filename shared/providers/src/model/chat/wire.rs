//! Chat-completions protocol: the part that is used here.
//!
//! The types are our own. The types of the well-kept client `async-openai` alone would add a quarter of a megabyte to the
//! artifact, which has no room for it. They also refuse answers of other servers that leave fields out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ChatSettings;
use crate::model::habits::{Habit, TokenLimit};
use crate::model::{Prompt, Said};

/// Number of tokens that a thinking model may use for thinking. They count as output.
const ROOM_TO_THINK: u32 = 4_096;

/// Body of a request.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    /// Servers refuse an empty list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Message<'a> {
    System {
        content: &'a str,
    },
    User {
        content: &'a str,
    },
    Assistant {
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_calls: Option<[Call<'a>; 1]>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    /// JSON, encoded as a text.
    arguments: String,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: OfferedFunction<'a>,
}

#[derive(Serialize)]
struct OfferedFunction<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> Request<'a> {
    pub(super) fn new(settings: &'a ChatSettings, prompt: &'a Prompt, habit: Habit) -> Self {
        let mut messages = vec![Message::System { content: &prompt.system }];
        for said in &prompt.turns {
            messages.extend(said_in(said));
        }
        let tokens = prompt.max_output_tokens.saturating_add(if habit.thinks { ROOM_TO_THINK } else { 0 });
        let limit = |field| (habit.limit == field).then_some(tokens);
        let tools = prompt.tools.iter().map(|tool| Tool {
            r#type: "function",
            function: OfferedFunction {
                name: &tool.name,
                description: &tool.description,
                parameters: &tool.parameters,
            },
        });
        Self {
            model: &settings.model,
            messages,
            temperature: settings.temperature.filter(|_| habit.takes_temperature),
            max_tokens: limit(TokenLimit::MaxTokens),
            max_completion_tokens: limit(TokenLimit::MaxCompletionTokens),
            tools: tools.collect(),
        }
    }
}

/// Returns the messages for an entry. A tool call becomes two: the call and its result right after it. Calls that the model
/// wanted together are sent one by one, which every server accepts.
fn said_in(said: &Said) -> Vec<Message<'_>> {
    match said {
        Said::Agent(text) => vec![Message::Assistant { content: Some(text), tool_calls: None }],
        Said::Customer(text) => vec![Message::User { content: text }],
        Said::ToolCall { id, name, arguments, result } => {
            // Servers parse the arguments again. Anything but an object goes back as an empty object.
            let arguments = if arguments.is_object() { arguments.to_string() } else { "{}".to_owned() };
            let call = Call { id, r#type: "function", function: CalledFunction { name, arguments } };
            vec![
                Message::Assistant { content: None, tool_calls: Some([call]) },
                Message::Tool { tool_call_id: id, content: result },
            ]
        }
    }
}

/// Body of an answer. Every field that a server may leave out is optional.
#[derive(Deserialize)]
pub(super) struct Completion {
    pub(super) choices: Vec<Choice>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    pub(super) message: Answered,
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Answered {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
pub(super) struct ToolCall {
    pub(super) id: Option<String>,
    pub(super) function: Function,
}

#[derive(Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) arguments: Option<Value>,
}
