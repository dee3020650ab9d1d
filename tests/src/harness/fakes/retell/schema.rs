//! Fields that the vendor's published types allow in a request for a call or a chat.

use serde_json::{Map, Value};

use crate::harness::fakes::vendor::Kind;

const OF_ANY: [&str; 6] = [
    "from_number",
    "to_number",
    "override_agent_id",
    "override_agent_version",
    "retell_llm_dynamic_variables",
    "metadata",
];
const OF_CALLS: [&str; 2] = ["agent_override", "custom_sip_headers"];
const OF_CHATS: [&str; 1] = ["honor_internal_dnc"];
const SETTINGS: [&str; 4] = ["webhook_url", "webhook_events", "ring_duration_ms", "max_call_duration_ms"];

/// Checks a request against the vendor's published types.
pub(super) fn check(kind: Kind, body: &Value) -> Result<(), String> {
    let body = body.as_object().ok_or("the body is no object")?;
    match kind {
        Kind::Call => known(body, &[&OF_ANY[..], &OF_CALLS].concat())?,
        Kind::Text => known(body, &[&OF_ANY[..], &OF_CHATS].concat())?,
    }
    for field in ["from_number", "to_number"] {
        let number = body.get(field).and_then(Value::as_str).ok_or(format!("{field} is required"))?;
        let digits = number.strip_prefix('+').ok_or(format!("{field} is not E.164"))?;
        if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(format!("{field} is not E.164"));
        }
    }
    if let Some(variables) = body.get("retell_llm_dynamic_variables") {
        let variables = variables.as_object().ok_or("retell_llm_dynamic_variables is no object")?;
        if !variables.values().all(Value::is_string) {
            return Err("retell_llm_dynamic_variables takes texts".to_owned());
        }
    }
    match kind {
        Kind::Call => check_settings(body),
        Kind::Text => Ok(()),
    }
}

fn check_settings(body: &Map<String, Value>) -> Result<(), String> {
    let settings = body.get("agent_override").and_then(|settings| settings["agent"].as_object());
    let settings = settings.ok_or("agent_override.agent is no object")?;
    known(settings, &SETTINGS)?;
    let between = |field: &str, least: u64, most: u64| match settings.get(field).and_then(Value::as_u64) {
        Some(value) if (least..=most).contains(&value) => Ok(()),
        _ => Err(format!("{field} is out of range")),
    };
    between("ring_duration_ms", 5_000, 300_000)?;
    between("max_call_duration_ms", 60_000, 7_200_000)
}

fn known(object: &Map<String, Value>, fields: &[&str]) -> Result<(), String> {
    match object.keys().find(|field| !fields.contains(&field.as_str())) {
        Some(field) => Err(format!("{field} is no field")),
        None => Ok(()),
    }
}
