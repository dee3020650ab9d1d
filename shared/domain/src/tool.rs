//! Tools that an agent's model may call while it holds a conversation.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::IntoStaticStr;

use crate::ids::ConversationId;
use crate::schema::Schema;

/// Maximum length of a tool's name, in bytes: the limit of models.
pub const LONGEST_NAME: usize = 64;

/// Maximum length of a description, in characters: the limit of models.
pub const LONGEST_DESCRIPTION: usize = 1_024;

/// Maximum size of the schema of a tool's arguments, in bytes of JSON. The schema is sent to the model in every turn.
pub const LARGEST_PARAMETERS: usize = 8 * 1_024;

/// Maximum length of a tool's result, in bytes. The result is untrusted, and every later turn contains it.
pub const LONGEST_RESULT: usize = 8 * 1_024;

/// Tool of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Name by which the model calls the tool.
    pub name: String,
    /// Description for the model: the purpose of the tool, and when to call it.
    pub description: String,
    /// JSON Schema of the arguments, in the subset that [`Schema`] supports.
    pub parameters: Value,
    /// URL that calls are sent to.
    pub url: String,
}

impl Tool {
    /// Checks everything except the URL, which the guarded client checks.
    ///
    /// # Errors
    /// Description of the first error, beginning with the name of the field.
    pub fn check(&self) -> Result<(), String> {
        if !is_tool_name(&self.name) {
            return Err(format!("name must be 1 to {LONGEST_NAME} letters, digits, _ and -"));
        }
        if self.description.trim().is_empty() || self.description.chars().count() > LONGEST_DESCRIPTION {
            return Err(format!("description must be 1 to {LONGEST_DESCRIPTION} characters long, and not blank"));
        }
        if self.parameters.to_string().len() > LARGEST_PARAMETERS {
            return Err(format!("parameters must be at most {LARGEST_PARAMETERS} bytes of JSON"));
        }
        let schema = Schema::parse(&self.parameters).map_err(|error| format!("parameters: {error}"))?;
        if schema.is_of_objects() { Ok(()) } else { Err("parameters: type must be \"object\"".to_owned()) }
    }

    /// Returns the specification of the tool for the model.
    pub fn spec(&self) -> ToolSpec {
        let Self { name, description, parameters, url: _ } = self.clone();
        ToolSpec { name, description, parameters }
    }
}

/// Returns `true` if the text can be the name of a tool: 1 to 64 ASCII letters, digits, `_` and `-`.
pub fn is_tool_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Specification of a tool for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// Name by which the model calls the tool.
    pub name: String,
    /// Purpose of the tool, and when to call it.
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: Value,
}

/// Key of a tool call. Every worker derives the same key for the same call, so that it is made at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ToolCallKey {
    /// Id of the conversation.
    pub conversation: ConversationId,
    /// Number of the turn in the conversation.
    pub turn: u32,
    /// Position of the call in the turn.
    pub index: u32,
}

impl fmt::Display for ToolCallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.conversation, self.turn, self.index)
    }
}

/// Result of a tool call, and the text that the model gets for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "outcome", content = "result", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ToolOutcome {
    /// Tool has done its work. The field has its answer.
    Ok(String),
    /// Tool has not done its work. The field has the reason.
    Error(String),
    /// Outcome is unknown. The tool is not called again.
    Unknown,
}

impl ToolOutcome {
    /// Returns the outcome as written in events.
    pub fn as_str(&self) -> &'static str {
        self.into()
    }

    /// Returns the tool's answer, or the reason of its error; `None` if the outcome is unknown.
    pub fn into_result(self) -> Option<String> {
        match self {
            Self::Ok(result) | Self::Error(result) => Some(result),
            Self::Unknown => None,
        }
    }

    /// Returns the text for the model.
    pub fn for_model(&self) -> Cow<'_, str> {
        match self {
            Self::Ok(result) if result.trim().is_empty() => Cow::Borrowed("Done. The tool had nothing to say."),
            Self::Ok(result) => Cow::Borrowed(result),
            Self::Error(reason) => Cow::Owned(format!("Error: {reason}")),
            Self::Unknown => Cow::Borrowed(
                "It is not known whether this was done: the tool did not answer. It must not be called again for the \
                 same purpose. Do not tell the customer that it was done.",
            ),
        }
    }
}

/// Formats the outcome without its text, because the text is part of a conversation.
impl fmt::Debug for ToolOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Tool, ToolCallKey, ToolOutcome};
    use crate::ids::ConversationId;

    fn tool(name: &str, description: &str, parameters: Value) -> Tool {
        let (name, description) = (name.to_owned(), description.to_owned());
        Tool { name, description, parameters, url: "https://tools.example.com/".to_owned() }
    }

    fn complaint(tool: Tool) -> String {
        tool.check().unwrap_err()
    }

    #[test]
    fn a_tool_has_a_name_a_description_and_a_schema_of_objects() {
        let schema = || json!({"type": "object", "properties": {"vin": {"type": "string"}}, "required": ["vin"]});
        for name in ["a", "find_car", "Find-Car-2", &"x".repeat(64)] {
            assert_eq!(tool(name, "Finds a car.", schema()).check(), Ok(()));
        }
        for name in ["", "find car", "find.car", "fïnd", "a\n", "a\0", &"x".repeat(65)] {
            assert_eq!(complaint(tool(name, "Finds.", schema())), "name must be 1 to 64 letters, digits, _ and -");
        }
        for description in ["", " \n", &"x".repeat(1_025)] {
            let expected = "description must be 1 to 1024 characters long, and not blank";
            assert_eq!(complaint(tool("a", description, schema())), expected);
        }
        for (parameters, expected) in [
            (json!({}), "parameters: type must be \"object\""),
            (json!({"type": "string"}), "parameters: type must be \"object\""),
            (json!({"type": ["object", "null"]}), "parameters: type must be \"object\""),
            (json!([]), "parameters: a schema must be a JSON object"),
            (json!({"type": "object", "pattern": "a"}), "parameters: pattern: is not a supported keyword"),
            (json!({"title": "x".repeat(8_192)}), "parameters must be at most 8192 bytes of JSON"),
        ] {
            assert_eq!(complaint(tool("a", "b", parameters)), expected);
        }
    }

    #[test]
    fn a_call_is_named_by_conversation_turn_and_index() {
        let conversation = ConversationId::parse("2c4a1e72-0000-4000-8000-000000000000").unwrap();
        let key = ToolCallKey { conversation, turn: 3, index: 1 };
        assert_eq!(key.to_string(), "2c4a1e72-0000-4000-8000-000000000000:3:1");
    }

    #[test]
    fn a_tool_is_stored_in_camel_case_and_comes_back() {
        let stored = json!({
            "name": "find_car", "description": "Finds a car.", "parameters": {"type": "object"},
            "url": "https://tools.example.com/",
        });
        let tool: Tool = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(&tool).unwrap(), stored);
        assert_eq!(tool.spec().name, "find_car");
    }

    #[test]
    fn an_outcome_is_stored_as_events_tell_it_and_its_debug_tells_no_text() {
        for (outcome, stored, debug) in [
            (ToolOutcome::Ok("3 cars".to_owned()), json!({"outcome": "ok", "result": "3 cars"}), "ok"),
            (ToolOutcome::Error("no".to_owned()), json!({"outcome": "error", "result": "no"}), "error"),
            (ToolOutcome::Unknown, json!({"outcome": "unknown"}), "unknown"),
        ] {
            assert_eq!(serde_json::to_value(&outcome).unwrap(), stored);
            assert_eq!(serde_json::from_value::<ToolOutcome>(stored).unwrap(), outcome);
            assert_eq!(format!("{outcome:?}"), debug);
        }
        assert_eq!(ToolOutcome::Ok("3 cars".to_owned()).for_model(), "3 cars");
        assert!(ToolOutcome::Ok(" ".to_owned()).for_model().contains("Done"));
        assert_eq!(ToolOutcome::Error("no".to_owned()).for_model(), "Error: no");
        assert!(ToolOutcome::Unknown.for_model().contains("not known"));
    }
}
