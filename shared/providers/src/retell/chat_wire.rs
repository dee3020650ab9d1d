//! Wire format of Retell's chats. Source: retell-python-sdk 6.2.13, `types/chat_response.py` and `types/chat_list_params.py`.

use std::fmt;

use domain::end_reason::EndReason;
use domain::ids::ProviderMessageId;
use domain::sms::{Author, ChatShown, ChatText};
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::wire::marked;
use crate::attempt::Attempt;
use crate::reading::{lenient, lenient_list, moment, passed_through};

/// Maximum length of a chat message that is kept, in characters. It is far longer than any message that a phone shows as one.
const LONGEST_TEXT: usize = 16_000;

/// Chat as Retell shows it in a webhook, in a listing and by itself.
#[derive(Clone, Default, PartialEq, Deserialize)]
pub(super) struct RetellChat {
    /// Id of the chat at Retell.
    pub(super) chat_id: String,
    #[serde(default, deserialize_with = "lenient")]
    chat_status: Option<ChatStatus>,
    /// Metadata that the chat was created with.
    #[serde(default, deserialize_with = "lenient")]
    metadata: Option<Map<String, Value>>,
    /// Messages of the chat, with the tool calls between them.
    #[serde(default, deserialize_with = "lenient_list")]
    message_with_tool_calls: Vec<Said>,
    /// Reason of the end. Listings can be filtered by it, but it is documented nowhere that a chat shows it.
    #[serde(default, deserialize_with = "lenient")]
    disconnection_reason: Option<String>,
}

/// Omits the conversation and the phone numbers.
impl fmt::Debug for RetellChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {} entries)", self.chat_id, self.chat_status, self.message_with_tool_calls.len())
    }
}

/// Page of a listing.
#[derive(Debug, Deserialize)]
pub(super) struct ChatsPage {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) items: Vec<RetellChat>,
}

/// State of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChatStatus {
    Ongoing,
    Ended,
    /// Chat that ended by a fault.
    Error,
}

/// Message in a chat. Entries of tools, transitions and the like have other roles, and are skipped.
#[derive(Clone, PartialEq, Deserialize)]
struct Said {
    role: Speaker,
    content: String,
    #[serde(default, deserialize_with = "lenient")]
    message_id: Option<String>,
    /// Time of the message, in milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "lenient")]
    created_timestamp: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Speaker {
    Agent,
    User,
}

impl RetellChat {
    /// Returns `true` if the chat is over.
    pub(super) fn is_over(&self) -> bool {
        match self.chat_status {
            Some(ChatStatus::Ended | ChatStatus::Error) => true,
            Some(ChatStatus::Ongoing) | None => false,
        }
    }

    /// Returns the attempt that the chat was begun for. `None` if the chat is not ours.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        marked(self.metadata.as_ref()?)
    }

    /// Returns the content of the chat. A message without an id gets one from its position. A message without a time gets
    /// `now`.
    pub(super) fn shown(&self, now: Timestamp) -> ChatShown {
        let said = self.message_with_tool_calls.iter().filter(|said| !said.content.trim().is_empty());
        let text = |(place, said): (usize, &Said)| ChatText {
            id: match said.message_id.as_deref().filter(|id| !id.is_empty()) {
                Some(id) => ProviderMessageId::new(id),
                None => ProviderMessageId::new(format!("{}/{}", self.chat_id, place + 1)),
            },
            author: match said.role {
                Speaker::Agent => Author::Agent,
                Speaker::User => Author::Customer,
            },
            content: said.content.chars().take(LONGEST_TEXT).collect(),
            at: said.created_timestamp.and_then(moment).unwrap_or(now),
        };
        let id = ProviderMessageId::new(self.chat_id.clone());
        ChatShown { id, texts: said.enumerate().map(text).collect(), ended: self.ended() }
    }

    fn ended(&self) -> Option<EndReason> {
        match (self.chat_status?, self.disconnection_reason.as_deref()) {
            (ChatStatus::Ongoing, _) => None,
            (ChatStatus::Ended, Some("inactivity")) => Some(EndReason::INACTIVITY_TIMEOUT),
            (ChatStatus::Ended, Some("user_requested_dnc")) => Some(EndReason::OPTED_OUT),
            (ChatStatus::Ended, _) => Some(EndReason::COMPLETED),
            (ChatStatus::Error, reason) => Some(passed_through(reason.unwrap_or("error"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::end_reason::EndReason;
    use domain::sms::Author;
    use domain::time::Timestamp;
    use serde_json::{Value, json};

    use super::RetellChat;

    const NOW: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

    fn chat(change: Value) -> RetellChat {
        let mut chat = json!({ "chat_id": "chat_1", "chat_status": "ongoing" });
        chat.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(chat).unwrap()
    }

    #[test]
    fn what_was_said_is_read_and_what_is_no_text_is_left_out() {
        let shown = chat(json!({ "message_with_tool_calls": [
            { "role": "agent", "content": "Hello Ada", "message_id": "m1", "created_timestamp": 1_799_999_999_000_u64 },
            { "role": "tool_call_invocation", "name": "hours", "arguments": "{}", "tool_call_id": "t1" },
            { "role": "tool_call_result", "content": "from 9", "tool_call_id": "t1" },
            { "role": "node_transition", "new_node_name": "closing" },
            { "role": "agent", "content": " " },
            { "role": "user", "content": "When are you open?" },
            { "role": "something_new", "content": "?" },
            "no entry",
        ] }))
        .shown(NOW);
        let said: Vec<(&str, Author, &str, i64)> = shown
            .texts
            .iter()
            .map(|text| (text.id.as_str(), text.author, text.content.as_str(), text.at.as_milliseconds()))
            .collect();
        assert_eq!(
            said,
            [
                ("m1", Author::Agent, "Hello Ada", 1_799_999_999_000),
                ("chat_1/2", Author::Customer, "When are you open?", 1_800_000_000_000),
            ]
        );
        assert_eq!((shown.id.as_str(), shown.ended), ("chat_1", None));
    }

    #[test]
    fn why_a_chat_is_over_is_told_in_our_words() {
        for (change, expected) in [
            (json!({ "chat_status": "ongoing", "disconnection_reason": "inactivity" }), None),
            (json!({ "chat_status": "nobody heard of it" }), None),
            (json!({ "chat_status": "ended" }), Some(EndReason::COMPLETED)),
            (json!({ "chat_status": "ended", "disconnection_reason": "agent_hangup" }), Some(EndReason::COMPLETED)),
            (
                json!({ "chat_status": "ended", "disconnection_reason": "inactivity" }),
                Some(EndReason::INACTIVITY_TIMEOUT),
            ),
            (
                json!({ "chat_status": "ended", "disconnection_reason": "user_requested_dnc" }),
                Some(EndReason::OPTED_OUT),
            ),
            (json!({ "chat_status": "error" }), Some(EndReason::unknown_at_provider("error"))),
            (
                json!({ "chat_status": "error", "disconnection_reason": "error_retell" }),
                Some(EndReason::unknown_at_provider("error_retell")),
            ),
        ] {
            assert_eq!(chat(change.clone()).shown(NOW).ended, expected, "{change}");
        }
    }
}
