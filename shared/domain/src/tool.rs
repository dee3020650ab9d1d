//! A tool that an agent's model may call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool that an agent's model may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
    /// Where it is called.
    pub url: String,
}
