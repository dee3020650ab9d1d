//! The models that hold conversations by SMS.
//!
//! A vendor's words die here: inside there are a [`Prompt`], a [`Reply`] and a [`ModelError`]. What a model says is untrusted.
//! A request to it has no effect but its cost, so that, unlike a call, it may be made again.

use std::fmt;

use domain::tool::ToolSpec;
use futures::future::BoxFuture;
use serde_json::Value;

mod chat;
mod complaint;
mod error;
mod habits;
mod reasoning;
mod scripted;

pub use chat::{ApiKey, ChatCompletions, ChatSettings, MODEL_TIMEOUT, NotAKey};
pub use complaint::Complaint;
pub use error::{ErrorCode, ModelError};
pub use habits::Habits;
pub use scripted::Scripted;

/// What a model is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The agent's instructions.
    pub system: String,
    /// What was said so far, oldest first. None in it by the customer: the model opens the conversation.
    pub turns: Vec<Said>,
    /// What it may call.
    pub tools: Vec<ToolSpec>,
    /// How much it may say, in tokens.
    pub max_output_tokens: u32,
}

/// Something said, or done, in a conversation.
#[derive(Clone, PartialEq)]
pub enum Said {
    /// A text of the agent, or of a person in its place.
    Agent(String),
    /// A text of the customer.
    Customer(String),
    /// A tool was called.
    ToolCall {
        /// The id that the model gave the call.
        id: String,
        /// The tool.
        name: String,
        /// What it was called with; anything but an object where the model's arguments were none.
        arguments: Value,
        /// What the model is told of it: the tool's answer, an error, or that the outcome is unknown.
        result: String,
    },
}

/// Without the texts: they are a conversation.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(_) => f.write_str("Agent"),
            Self::Customer(_) => f.write_str("Customer"),
            Self::ToolCall { id, name, .. } => write!(f, "ToolCall {name} {id}"),
        }
    }
}

/// What a model answers.
#[derive(Clone, PartialEq)]
pub enum Reply {
    /// The text for the customer: never blank, without white space at its ends.
    Text(String),
    /// It wants these called first: one at least.
    Tools(Vec<ToolRequest>),
}

/// Without the text.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Tools(requests) => f.debug_tuple("Tools").field(requests).finish(),
        }
    }
}

/// A call that a model wants made. The tool may be one that was not offered.
#[derive(Clone, PartialEq)]
pub struct ToolRequest {
    /// The model's id for the call. Not empty.
    pub id: String,
    /// The tool's name, which has the form of one.
    pub name: String,
    /// A JSON object, or why there is none.
    pub arguments: Result<Value, BadArguments>,
}

/// Without the arguments.
impl fmt::Debug for ToolRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = if self.arguments.is_ok() { "" } else { " with unreadable arguments" };
        write!(f, "{} {}{readable}", self.name, self.id)
    }
}

/// The arguments that a model wrote are no JSON object. The text is for the model: it may mend them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadArguments(pub String);

impl fmt::Display for BadArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the arguments are not a JSON object: {}", self.0)
    }
}

impl std::error::Error for BadArguments {}

/// A model.
pub trait Model: Send + Sync {
    /// Asks it, once, what comes next.
    ///
    /// # Errors
    /// [`ModelError`], which says whether asking again may help.
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<Reply, ModelError>>;
}
