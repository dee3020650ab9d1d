//! Secrets in a JSON file on one machine: `{"providers/twilio": {"accountSid": "AC…"}, "models/openai": "sk-…"}`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Secret, SecretsError};

/// Reads all secrets of the file. A missing file contains none.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Secret>, SecretsError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(SecretsError::new(error)),
    };
    // The parser's message is dropped, because it may quote the file.
    let object: BTreeMap<String, Value> =
        serde_json::from_str(&text).map_err(|_| SecretsError::new("the file is no JSON object"))?;
    let secret = |value: Value| match value {
        Value::String(text) => Secret::new(text),
        other => Secret::new(other.to_string()),
    };
    Ok(object.into_iter().map(|(name, value)| (name, secret(value))).collect())
}
