//! Retell's webhooks about calls and chats. Each shows the whole call or chat in its current state.

use domain::ids::ProviderCallId;
use domain::provider::Provider;
use domain::time::Timestamp;
use serde::Deserialize;

use super::chat_wire::RetellChat;
use super::reports::reports;
use super::wire::RetellCall;
use crate::callback::{About, CallCallback, ChatCallback};
use crate::reading::{callback_json, lenient};

/// Webhooks that are sent when everything but an analysis is there.
const COMPLETE: [&str; 2] = ["call_ended", "call_analyzed"];

/// Webhook: an event, with the call or the chat in its current state.
#[derive(Debug, Deserialize)]
struct Webhook {
    /// Name of the event: `call_started`, `call_ended`, `call_analyzed`, the same for chats, and others in future.
    #[serde(default)]
    event: String,
    /// Call that the webhook is about.
    #[serde(default, deserialize_with = "lenient")]
    call: Option<RetellCall>,
    /// Chat that the webhook is about.
    #[serde(default, deserialize_with = "lenient")]
    chat: Option<RetellChat>,
}

/// Parses a webhook about a call. Returns `None` if it is about none.
///
/// A webhook has no id, and shows the whole call. So a repeated or a late one tells nothing that is not known.
pub fn call_callback(body: &[u8], now: Timestamp) -> Option<CallCallback> {
    let webhook: Webhook = callback_json(Provider::Retell, body)?;
    let call = webhook.call?;
    Some(CallCallback {
        about: About::Call(call.attempt()),
        reports: reports(&call, COMPLETE.contains(&webhook.event.as_str()), now),
        call_id: Some(ProviderCallId::new(call.call_id)),
    })
}

/// Parses a webhook about a chat. Returns `None` if it is about none of ours.
pub fn chat_callback(body: &[u8], now: Timestamp) -> Option<ChatCallback> {
    let webhook: Webhook = callback_json(Provider::Retell, body)?;
    let chat = webhook.chat.filter(|chat| !chat.chat_id.is_empty())?;
    Some(ChatCallback { attempt: chat.attempt()?, shown: chat.shown(now) })
}

#[cfg(test)]
mod tests {
    use domain::call::Report;
    use domain::ids::{ConversationId, OrganizationId};
    use domain::time::Timestamp;
    use serde_json::{Value, json};

    use super::super::wire::{ATTEMPT, ORGANIZATION};
    use super::{call_callback, chat_callback};
    use crate::attempt::Attempt;
    use crate::callback::About;

    const NOW: Timestamp = Timestamp::from_milliseconds(1_775_829_600_000);

    fn attempt() -> Attempt {
        let organization = OrganizationId::parse("acme").unwrap();
        Attempt { organization, conversation: ConversationId::random([7; 16]), number: 2 }
    }

    fn metadata() -> Value {
        json!({ ORGANIZATION: attempt().organization.to_string(), ATTEMPT: attempt().name() })
    }

    #[test]
    fn a_call_names_the_attempt_that_it_bears_and_no_other() {
        let body = |event: &str, metadata: Value| {
            let call = json!({ "call_id": "call_1", "call_status": "ended", "metadata": metadata, "disconnection_reason": "user_hangup" });
            json!({ "event": event, "call": call }).to_string().into_bytes()
        };
        let read = call_callback(&body("call_ended", metadata()), NOW).unwrap();
        assert_eq!((read.about, read.call_id.unwrap().as_str()), (About::Call(Some(attempt())), "call_1"));
        assert!(read.reports.contains(&Report::Transcript { utterances: Vec::new() }), "{:?}", read.reports);
        let early = call_callback(&body("call_something", metadata()), NOW).unwrap();
        assert!(!early.reports.iter().any(|report| matches!(report, Report::Transcript { .. })), "{:?}", early.reports);
        assert_eq!(call_callback(&body("call_ended", json!({})), NOW).unwrap().about, About::Call(None));
    }

    #[test]
    fn a_chat_is_read_if_it_is_one_of_ours() {
        let body = |id: &str, metadata: Value| {
            let chat = json!({ "chat_id": id, "chat_status": "ended", "metadata": metadata });
            json!({ "event": "chat_ended", "chat": chat }).to_string().into_bytes()
        };
        assert_eq!(chat_callback(&body("chat_1", metadata()), NOW).unwrap().attempt, attempt());
        assert!(chat_callback(&body("", metadata()), NOW).is_none());
        assert!(chat_callback(&body("chat_1", json!({})), NOW).is_none());
    }

    #[test]
    fn what_is_something_else_says_nothing() {
        for body in ["", "[]", "{}", r#"{"event": "call_ended"}"#, r#"{"event": "call_ended", "call": {"call_id": 1}}"#]
        {
            assert!(
                call_callback(body.as_bytes(), NOW).is_none() && chat_callback(body.as_bytes(), NOW).is_none(),
                "{body}"
            );
        }
    }
}
