//! The chat-completions protocol, as much of it as is spoken here.
//!
//! Our own types: those of the well-kept client (`async-openai`, its types alone) add a quarter of a megabyte to the
//! artifact, which has no room for it, and refuse what servers other than its vendor's leave out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ChatSettings;
use crate::model::habits::{Habit, TokenLimit};
use crate::model::{Prompt, Said};

/// How much a model that thinks may think, in tokens: they count as said.
const ROOM_TO_THINK: u32 = 4_096;

/// What is asked.
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
    /// An empty list is refused.
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
    /// JSON in a text.
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

/// The messages for something said. A tool's call and its result are two, one right behind the other: of calls that were
/// wanted together each is told by itself, which every server takes.
fn said_in(said: &Said) -> Vec<Message<'_>> {
    match said {
        Said::Agent(text) => vec![Message::Assistant { content: Some(text), tool_calls: None }],
        Said::Customer(text) => vec![Message::User { content: text }],
        Said::ToolCall { id, name, arguments, result } => {
            // Servers parse the arguments again: what was no object when it came goes back as an empty one.
            let arguments = if arguments.is_object() { arguments.to_string() } else { "{}".to_owned() };
            let call = Call { id, r#type: "function", function: CalledFunction { name, arguments } };
            vec![
                Message::Assistant { content: None, tool_calls: Some([call]) },
                Message::Tool { tool_call_id: id, content: result },
            ]
        }
    }
}

/// What is answered. Everything that a server may leave out is optional.
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
