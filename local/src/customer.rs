//! `POST /_local/sms`: sends a message from a simulated customer's phone. Like the simulator's own messages, it passes the
//! simulator's queue. It reaches the open conversation between the two numbers, in test or live mode.
//!
//! A conversation over a real provider is refused, because its answer would go to a real phone.

use std::sync::Arc;

use domain::digest::hex;
use domain::ids::{Mode, Scope};
use domain::phone::PhoneNumber;
use domain::sms::SmsConversation;
use domain::time::Span;
use futures::FutureExt;
use providers::simulator::{ReplyJob, SimulatorJob};
use serde_json::{Map, Value, json};
use store::{MESSAGE_VERSION, Message, QueueName, Store, StoreError, keys};

use crate::http::{LocalAnswer, LocalRequest, LocalRoute};

/// Known fields of a request.
const FIELDS: [&str; 3] = ["from", "to", "content"];
/// Largest length of a message, in characters. It exceeds any phone's limit, so that long messages can be tried.
const LONGEST_CONTENT: usize = 10_000;

/// SMS message of a customer.
#[derive(Debug)]
struct Text {
    from: PhoneNumber,
    to: PhoneNumber,
    content: String,
}

/// Name of an invalid field, and the reason.
type Wrong = (String, String);

/// Creates the route. A message reaches an open conversation of this scope's organization: in the scope's mode if there
/// is one, otherwise in live mode.
pub fn route(store: Store, scope: Scope) -> LocalRoute {
    let handler = move |request: LocalRequest| {
        let (store, scope) = (store.clone(), scope.clone());
        async move { take(&store, scope, &request.body).await }.boxed()
    };
    LocalRoute { method: "POST", path: "/_local/sms", handler: Arc::new(handler) }
}

async fn take(store: &Store, scope: Scope, body: &[u8]) -> LocalAnswer {
    let text = match read(body) {
        Ok(text) => text,
        Err(wrong) => {
            let details = wrong.into_iter().map(|(field, message)| json!({ "field": field, "message": message }));
            let body = json!({ "message": "this is no text", "details": details.collect::<Vec<Value>>() });
            return LocalAnswer { status: 400, body };
        }
    };
    match send(store, scope, text).await {
        Ok(Sent::As(message_id, mode)) => {
            LocalAnswer { status: 202, body: json!({ "messageId": message_id, "mode": mode }) }
        }
        Ok(Sent::Nowhere) => LocalAnswer { status: 409, body: json!({ "message": REAL }) },
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot send the customer's text");
            LocalAnswer { status: 500, body: json!({ "message": "Internal Server Error" }) }
        }
    }
}

/// Parses a request. Returns all its errors at once.
fn read(body: &[u8]) -> Result<Text, Vec<Wrong>> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(vec![("body".to_owned(), "must be a JSON object".to_owned())]);
    };
    let mut wrong: Vec<Wrong> = Vec::new();
    let unknown = fields.keys().filter(|name| !FIELDS.contains(&name.as_str()));
    wrong.extend(unknown.map(|name| (name.clone(), format!("is not a known field; known are {}", FIELDS.join(", ")))));
    let from = number(&fields, "from", &mut wrong);
    let to = number(&fields, "to", &mut wrong);
    let content = fields.get("content").and_then(Value::as_str);
    let content = content.filter(|content| content.chars().count() <= LONGEST_CONTENT);
    if content.is_none() {
        wrong.push(("content".to_owned(), format!("must be a string of at most {LONGEST_CONTENT} characters")));
    }
    match (from, to, content) {
        (Some(from), Some(to), Some(content)) if wrong.is_empty() => Ok(Text { from, to, content: content.to_owned() }),
        _ => Err(wrong),
    }
}

fn number(fields: &Map<String, Value>, name: &str, wrong: &mut Vec<Wrong>) -> Option<PhoneNumber> {
    let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
    PhoneNumber::parse(text).map_err(|error| wrong.push((name.to_owned(), error.to_string()))).ok()
}

const REAL: &str = "a real provider carries the conversation between these numbers: write from a phone";

/// Result of a message.
enum Sent {
    /// The message is queued. Carries its id at the simulator and its mode.
    As(String, Mode),
    /// A real provider carries the conversation.
    Nowhere,
}

/// Returns the mode in which a conversation is open between these numbers, or the scope's own mode if none is open.
/// Returns `None` if a real provider carries the conversation.
async fn mode_of(store: &Store, scope: &Scope, text: &Text) -> Result<Option<Mode>, StoreError> {
    let table = &store.table;
    for mode in [scope.mode, Mode::Live] {
        let scope = Scope { mode, ..scope.clone() };
        let Some(id) = table.conversation_of_pair(keys::pair(&scope, &text.to, &text.from)).await? else { continue };
        let key = keys::sms(id);
        let open: Option<SmsConversation> = table.read([key.clone()]).await?.read("conversation", &key)?;
        match open.filter(|open| !open.is_ended()) {
            Some(open) if open.provider.is_live() => return Ok(None),
            Some(_) => return Ok(Some(mode)),
            None => {}
        }
    }
    Ok(Some(scope.mode))
}

/// Queues a message. Returns [`Sent::Nowhere`] if a real provider carries the conversation.
async fn send(store: &Store, scope: Scope, text: Text) -> Result<Sent, StoreError> {
    let Some(mode) = mode_of(store, &scope, &text).await? else { return Ok(Sent::Nowhere) };
    let scope = Scope { mode, ..scope };
    let message_id = format!("sim_{}", hex(&store.table.entropy().bytes::<12>()?));
    let Text { from, to, content } = text;
    let job = ReplyJob { v: MESSAGE_VERSION, scope, from, to, message_id: message_id.clone(), content };
    let message = Message::new(&SimulatorJob::Reply(job.clone()), &job.scope, Span::ZERO)?;
    store.queues.send(QueueName::Simulator, &[message]).await?;
    Ok(Sent::As(message_id, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(body: &Value) -> Vec<String> {
        let wrong = read(body.to_string().as_bytes()).expect_err("it is no text");
        wrong.into_iter().map(|(field, message)| format!("{field} {message}")).collect()
    }

    #[test]
    fn a_text_may_be_empty_and_may_be_long() {
        for content in ["", "🚗 \0 שלום", &"🚗".repeat(LONGEST_CONTENT)] {
            let body = json!({ "from": "+15555550123", "to": "+15555550110", "content": content });
            let text = read(body.to_string().as_bytes()).expect("it is a text");
            assert_eq!((text.from.as_str(), text.to.as_str()), ("+15555550123", "+15555550110"));
            assert_eq!(text.content, content);
        }
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let number = "must be a phone number in E.164 format: + and 7 to 15 digits, such as +15555550123";
        let content = "content must be a string of at most 10000 characters".to_owned();
        let numbers = vec![format!("from {number}"), format!("to {number}")];
        assert_eq!(wrong(&json!({})), [numbers.clone(), vec![content.clone()]].concat());
        let unknown = vec!["text is not a known field; known are from, to, content".to_owned()];
        let body = json!({ "from": "5555550123", "to": 7, "content": [], "text": "Hello" });
        assert_eq!(wrong(&body), [unknown, numbers, vec![content.clone()]].concat());
        let body = json!({ "from": "+15555550123", "to": "+15555550110", "content": "x".repeat(LONGEST_CONTENT + 1) });
        assert_eq!(wrong(&body), [content]);
        assert_eq!(wrong(&json!([])), ["body must be a JSON object"]);
        assert!(read(b"no JSON").is_err());
    }
}
