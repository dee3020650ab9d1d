//! Tools: what an agent's model may call while it holds a conversation.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::IntoStaticStr;

use crate::ids::ConversationId;
use crate::schema::Schema;

/// The longest name of a tool: what models take.
pub const LONGEST_NAME: usize = 64;

/// The longest description, in characters: what models take.
pub const LONGEST_DESCRIPTION: usize = 1_024;

/// The largest schema of a tool's arguments, in bytes of JSON: it goes to the model in every turn.
pub const LARGEST_PARAMETERS: usize = 8 * 1_024;

/// The longest result of a tool, in bytes. It is untrusted, and every later turn carries it.
pub const LONGEST_RESULT: usize = 8 * 1_024;

/// A tool: what an agent's model may call, as a signed request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AgentTool))]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// What the model calls it by.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// What it does and when to call it, for the model.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub description: String,
    /// The JSON Schema of its arguments, at most 8 KiB; none by default.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub parameters: Value,
    /// Where calls are sent: as public as a webhook's. A call is a POST of `toolCallId`, `name`, `arguments`, `conversationId`, `turn`,
    /// `customerNumber`, `dynamicVariables` and `metadata`, signed with the agent's `toolSecret`.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2048))]
    pub url: String,
}

impl Tool {
    /// Checks everything but the URL, which is the guarded client's to judge.
    ///
    /// # Errors
    /// What is wrong, with the field's name in front.
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

    /// What the model is told of it.
    pub fn spec(&self) -> ToolSpec {
        let Self { name, description, parameters, url: _ } = self.clone();
        ToolSpec { name, description, parameters }
    }
}

/// Whether this can be a tool's name: 1 to 64 ASCII letters, digits, `_` and `-`.
pub fn is_tool_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A tool, as a model is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// What the model calls it by.
    pub name: String,
    /// What it does and when to call it.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
}

/// A tool call's name: the same whoever asks for it, so that it is made once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ToolCallKey {
    /// The conversation.
    pub conversation: ConversationId,
    /// The turn in it.
    pub turn: u32,
    /// Which of the turn's calls.
    pub index: u32,
}

impl fmt::Display for ToolCallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.conversation, self.turn, self.index)
    }
}

/// What came of calling a tool, and what the model is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "outcome", content = "result", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ToolOutcome {
    /// It was done; this is its answer.
    Ok(String),
    /// It was not done, for this reason.
    Error(String),
    /// Nobody knows whether it was done. It is not called again.
    Unknown,
}

impl ToolOutcome {
    /// The outcome as it stands in events.
    pub fn as_str(&self) -> &'static str {
        self.into()
    }

    /// The tool's answer, or the reason why there is none.
    pub fn into_result(self) -> Option<String> {
        match self {
            Self::Ok(result) | Self::Error(result) => Some(result),
            Self::Unknown => None,
        }
    }

    /// What the model is told.
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

/// Without the text, which is part of a conversation.
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
