//! Models that conduct conversations by SMS.
//!
//! Vendor formats are translated here. The rest of the service sees a [`Prompt`], a [`Reply`] and a [`ModelError`]. A model's
//! answer is untrusted. A request to a model has no effect but its cost, so unlike a call it may be repeated.

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

/// Input of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Instructions of the agent.
    pub system: String,
    /// Conversation so far, oldest first. If it has no message of the customer, the model opens the conversation.
    pub turns: Vec<Said>,
    /// Tools that the model may call.
    pub tools: Vec<ToolSpec>,
    /// Maximum length of the answer, in tokens.
    pub max_output_tokens: u32,
}

/// Entry of a conversation: a message or a tool call.
#[derive(Clone, PartialEq)]
pub enum Said {
    /// SMS message from the agent, or from a person in its place.
    Agent(String),
    /// SMS message from the customer.
    Customer(String),
    /// Tool call that was made.
    ToolCall {
        /// Id that the model gave the call.
        id: String,
        /// Name of the tool.
        name: String,
        /// Arguments of the call. Not an object if the model's arguments were none.
        arguments: Value,
        /// Result that the model sees: the tool's answer, an error, or the fact that the outcome is unknown.
        result: String,
    },
}

/// Omits the texts: they are a conversation.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(_) => f.write_str("Agent"),
            Self::Customer(_) => f.write_str("Customer"),
            Self::ToolCall { id, name, .. } => write!(f, "ToolCall {name} {id}"),
        }
    }
}

/// Answer of a model.
#[derive(Clone, PartialEq)]
pub enum Reply {
    /// Text for the customer. It is never blank, and has no white space at its ends.
    Text(String),
    /// Tool calls that the model wants first. There is at least one.
    Tools(Vec<ToolRequest>),
}

/// Omits the text.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Tools(requests) => f.debug_tuple("Tools").field(requests).finish(),
        }
    }
}

/// Tool call that a model wants. The tool may be one that was not offered.
#[derive(Clone, PartialEq)]
pub struct ToolRequest {
    /// Id that the model, or else the adapter, gave the call. It is not empty.
    pub id: String,
    /// Name of the tool. It has the form of a tool's name.
    pub name: String,
    /// JSON object, or the reason why there is none.
    pub arguments: Result<Value, BadArguments>,
}

/// Omits the arguments.
impl fmt::Debug for ToolRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = if self.arguments.is_ok() { "" } else { " with unreadable arguments" };
        write!(f, "{} {}{readable}", self.name, self.id)
    }
}

/// Arguments of a model that are not a JSON object. The text is for the model, which may correct them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the arguments are not a JSON object: {0}")]
pub struct BadArguments(pub String);

/// Model that conducts conversations.
pub trait Model: Send + Sync {
    /// Asks the model, once, for the next entry.
    ///
    /// # Errors
    /// [`ModelError`], which tells if asking again may help.
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<Reply, ModelError>>;
}
