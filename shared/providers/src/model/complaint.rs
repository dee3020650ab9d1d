//! Error message of a vendor. It is for the organization whose agent asked, and is never logged.

use std::fmt;

use serde_json::Value;

/// Maximum length of the message, in characters.
const LONGEST: usize = 300;

/// Length from which a word of letters and digits is taken for a secret, in bytes.
const LONGEST_WORD: usize = 20;

/// Error message of a vendor: one line of limited length, without anything that looks like a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Complaint(String);

impl Complaint {
    /// Extracts the message from the body of an error. `key` is the API key of the request: it is removed, even if the vendor
    /// repeats it.
    pub(super) fn read(body: &str, key: Option<&str>) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        let text = message(&body)?;
        let text = key.filter(|key| !key.is_empty()).map_or_else(|| text.to_owned(), |key| text.replace(key, "…"));
        let words: Vec<&str> =
            text.split_whitespace().map(|word| if is_like_a_secret(word) { "…" } else { word }).collect();
        let line: String = words.join(" ").chars().filter(|letter| !letter.is_control()).collect();
        let cut = line.chars().count() > LONGEST;
        let kept: String = line.chars().take(LONGEST).chain(cut.then_some('…')).collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// Returns the message.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Omits the message: it may quote the conversation.
impl fmt::Debug for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Returns the message from the field that the vendor uses: `error.message`, `error`, `message` or `detail`.
fn message(body: &Value) -> Option<&str> {
    // Some vendors answer with a list of one.
    let body = body.get(0).unwrap_or(body);
    let error = body.get("error");
    let texts = [
        error.and_then(|error| error.get("message")),
        error,
        body.get("message"),
        body.get("detail").and_then(|detail| detail.get(0)?.get("msg")),
        body.get("detail"),
    ];
    texts.into_iter().flatten().find_map(Value::as_str)
}

/// Returns `true` if a word looks like a key, a token or a part of one.
fn is_like_a_secret(word: &str) -> bool {
    let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let has = |test: fn(&u8) -> bool| bare.bytes().any(|byte| test(&byte));
    let is_long = bare.len() >= LONGEST_WORD && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    is_long || word.contains("**") || bare.starts_with("sk-") || bare.starts_with("Bearer")
}

#[cfg(test)]
mod tests {
    use super::{Complaint, LONGEST};
    use serde_json::json;

    fn read(body: &serde_json::Value) -> Option<String> {
        Complaint::read(&body.to_string(), Some("hush-4711")).map(|complaint| complaint.as_str().to_owned())
    }

    #[test]
    fn the_message_is_found_wherever_vendors_put_it() {
        let no_such = Some("No such model: 'gpt-9'.".to_owned());
        for body in [
            json!({"error": {"message": "No such model: 'gpt-9'.", "code": "model_not_found"}}),
            json!({"error": "No such model: 'gpt-9'."}),
            json!({"message": "No such model: 'gpt-9'."}),
            json!({"detail": "No such model:\n 'gpt-9'."}),
            json!({"detail": [{"loc": ["body"], "msg": "No such model: 'gpt-9'."}]}),
            json!([{"error": {"message": "No such model: 'gpt-9'."}}]),
        ] {
            assert_eq!(read(&body), no_such, "{body}");
        }
        for body in [json!({}), json!(7), json!({"error": {"message": ""}}), json!({"error": {"message": {}}})] {
            assert_eq!(read(&body), None, "{body}");
        }
        assert!(Complaint::read("<html>", None).is_none());
    }

    #[test]
    fn it_tells_no_secret_and_is_short() {
        let body = json!({"error": {"message": "Incorrect API key provided: hush-4711. You sent sk-proj*****abcd, \
            token eyJhbGciOiJIUzI1NiJ9.x and \"Bearer\" abc123abc123abc123abc123; see https://platform.openai.com"}});
        assert_eq!(
            read(&body).unwrap(),
            "Incorrect API key provided: …. You sent … token … and … … see https://platform.openai.com"
        );
        let long = json!({"error": {"message": "word ".repeat(200)}});
        assert_eq!(read(&long).unwrap().chars().count(), LONGEST + 1);
        assert_eq!(format!("{:?}", Complaint::read(&long.to_string(), None).unwrap()), "…");
    }
}
