//! Validation of a file of secrets, before anything needs one. Messages name secrets and fields, and never show their values.

use std::path::Path;

use domain::ids::OrganizationId;
use domain::provider::Provider;
use serde_json::{Map, Value};

use super::{PUBLIC_URL, SecretsError};

/// Fields of a model's secret.
const OF_A_MODEL: [&str; 3] = ["key", "baseUrl", "vendor"];

/// Returns the required and the optional fields of a provider's account.
const fn fields(provider: Provider) -> (&'static [&'static str], &'static [&'static str]) {
    match provider {
        Provider::Simulator => (&[], &[]),
        Provider::Twilio => (&["accountSid", "authToken"], &["keySid", "keySecret", "callsPerSecond"]),
        Provider::Retell => (&["apiKey"], &["webhookKey", "callsPerSecond"]),
        Provider::Telnyx => (&["apiKey", "publicKey"], &["connectionId", "callsPerSecond"]),
        Provider::Vapi => (&["apiKey", "hmac"], &["phoneNumbers", "credentialId", "callsPerSecond"]),
    }
}

/// Returns the problems of names and shapes in a file of secrets. A missing file contains no secrets.
///
/// # Errors
/// [`SecretsError`] if the file cannot be read, or is not a JSON object.
pub(super) fn problems(path: &Path) -> Result<Vec<String>, SecretsError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SecretsError::new(error)),
    };
    // The parser's message is dropped, because it may quote the file.
    let all: Map<String, Value> =
        serde_json::from_str(&text).map_err(|_| SecretsError::new("the file is no JSON object"))?;
    Ok(all.iter().filter_map(|(name, value)| problem(name, value).map(|why| format!("{name}: {why}"))).collect())
}

fn problem(name: &str, value: &Value) -> Option<String> {
    let rest = match name.strip_prefix("organizations/").map(|rest| rest.split_once('/')) {
        None => name,
        Some(Some((organization, rest))) if OrganizationId::parse(organization).is_some() => rest,
        Some(_) => {
            return Some("names no organization: write organizations/<organization>/providers/<provider>".to_owned());
        }
    };
    match rest.split_once('/') {
        Some(("providers", provider)) => match live_providers().find(|known| known.as_str() == provider) {
            Some(provider) => account_problem(provider, value),
            None => {
                let known: Vec<&str> = live_providers().map(Provider::as_str).collect();
                Some(format!("is no provider; known are {}", known.join(", ")))
            }
        },
        Some(("models", model)) => model_problem(model, value),
        None if name == PUBLIC_URL => (!value.is_string()).then(|| "must be a text: a URL".to_owned()),
        _ => Some(format!(
            "is no name of a secret; they are providers/<provider>, models/<name>, both also behind organizations/<organization>/, and \
             {PUBLIC_URL}"
        )),
    }
}

fn live_providers() -> impl Iterator<Item = Provider> {
    [Provider::Twilio, Provider::Retell, Provider::Telnyx, Provider::Vapi].into_iter()
}

fn account_problem(provider: Provider, value: &Value) -> Option<String> {
    let (required, optional) = fields(provider);
    let known = || [required, optional].concat().join(", ");
    let Some(object) = value.as_object() else { return Some(format!("must be an object with the fields {}", known())) };
    if let Some(unknown) = object.keys().find(|field| ![required, optional].concat().contains(&field.as_str())) {
        return Some(format!("has no field {unknown}; its fields are {}", known()));
    }
    if let Some(missing) = required.iter().find(|field| !object.contains_key(**field)) {
        return Some(format!("lacks the field {missing}"));
    }
    let is_sound = |field: &str, value: &Value| match field {
        "callsPerSecond" => value.as_u64().is_some_and(|calls| (1..=u64::from(u32::MAX)).contains(&calls)),
        "hmac" => value.is_object(),
        "phoneNumbers" => value.as_object().is_some_and(|ids| ids.values().all(Value::is_string)),
        "accountSid" => value.as_str().is_some_and(|sid| sid.starts_with("AC")),
        _ => value.as_str().is_some_and(|text| !text.is_empty()),
    };
    let (field, _) = object.iter().find(|(field, value)| !value.is_null() && !is_sound(field, value))?;
    Some(match field.as_str() {
        "callsPerSecond" => "callsPerSecond must be a whole number from 1 on".to_owned(),
        "hmac" => "hmac must be an object".to_owned(),
        "phoneNumbers" => "phoneNumbers must be an object of numbers, each with Vapi's id for it".to_owned(),
        "accountSid" => "accountSid must be a text that begins with AC".to_owned(),
        field => format!("{field} must be a text that is not empty"),
    })
}

fn model_problem(model: &str, value: &Value) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if model.is_empty() || !model.bytes().all(is_plain) {
        return Some("a model's name is letters, digits, -, _ and .".to_owned());
    }
    let Some(object) = value.as_object() else {
        let is_text = value.as_str().is_some_and(|key| !key.is_empty());
        return (!is_text).then(|| format!("must be an object with the fields {}", OF_A_MODEL.join(", ")));
    };
    if let Some(unknown) = object.keys().find(|field| !OF_A_MODEL.contains(&field.as_str())) {
        return Some(format!("has no field {unknown}; its fields are {}", OF_A_MODEL.join(", ")));
    }
    let has_key = object.get("key").and_then(Value::as_str).is_some_and(|key| !key.is_empty());
    (!has_key).then(|| "lacks the field key".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Secrets;

    fn problems(secrets: &Value) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.json");
        std::fs::write(&path, secrets.to_string()).unwrap();
        Secrets::problems_of_file(&path).unwrap()
    }

    #[test]
    fn sound_secrets_are_no_problem() {
        let sound = json!({
            "providers/twilio": {"accountSid": "AC1", "authToken": "x", "callsPerSecond": 5},
            "organizations/acme/providers/retell": {"apiKey": "x", "webhookKey": null},
            "providers/telnyx": {"apiKey": "x", "publicKey": "y", "connectionId": "1"},
            "providers/vapi": {"apiKey": "x", "hmac": {"secret": "y"}, "phoneNumbers": {"+15555550100": "id"}},
            "models/openai": "sk-1", "models/own": {"key": "x", "baseUrl": "https://llm.example.com"},
            "organizations/acme/models/openai": {"key": "x", "vendor": "openai"},
            "public-url": "https://calls.example.com"
        });
        assert_eq!(problems(&sound), [""; 0]);
    }

    #[test]
    fn a_typing_error_is_told_by_name_with_what_is_right_and_no_secret() {
        for (secrets, said) in [
            (
                json!({"providers/twillio": {}}),
                "providers/twillio: is no provider; known are twilio, retell, telnyx, vapi",
            ),
            (json!({"provider/twilio": {}}), "provider/twilio: is no name of a secret"),
            (
                json!({"organizations/Acme/providers/twilio": {}}),
                "organizations/Acme/providers/twilio: names no organization",
            ),
            (
                json!({"providers/twilio": "s3cret"}),
                "providers/twilio: must be an object with the fields accountSid, authToken",
            ),
            (
                json!({"providers/twilio": {"accountSID": "s3cret"}}),
                "providers/twilio: has no field accountSID; its fields are",
            ),
            (json!({"providers/twilio": {"accountSid": "AC1"}}), "providers/twilio: lacks the field authToken"),
            (
                json!({"providers/twilio": {"accountSid": "s3cret", "authToken": "x"}}),
                "must be a text that begins with AC",
            ),
            (json!({"providers/retell": {"apiKey": 4711}}), "providers/retell: apiKey must be a text"),
            (
                json!({"providers/retell": {"apiKey": "x", "callsPerSecond": "5"}}),
                "callsPerSecond must be a whole number",
            ),
            (json!({"models/open ai": "s3cret"}), "models/open ai: a model's name is letters"),
            (
                json!({"models/openai": {"apiKey": "s3cret"}}),
                "models/openai: has no field apiKey; its fields are key, baseUrl, vendor",
            ),
            (json!({"models/openai": 4711}), "models/openai: must be an object"),
            (json!({"publicUrl": "https://calls.example.com"}), "publicUrl: is no name of a secret"),
        ] {
            let found = problems(&secrets);
            assert!(found.len() == 1 && found[0].contains(said), "{secrets}: {found:?}");
            assert!(!found[0].contains("s3cret") && !found[0].contains("4711"), "{found:?}");
        }
    }
}
