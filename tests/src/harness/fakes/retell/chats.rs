//! SMS chats of Retell, as retell-python-sdk 6.2.13 describes them. A test decides what the customer and the agent say.

use domain::time::Timestamp;
use serde_json::{Value, json};

use super::{Retell, error};
use crate::harness::fakes::fake::Fake;
use crate::harness::fakes::server::Reaction;
use crate::harness::fakes::vendor::Told;

/// Speaker in a chat, in the vendor's word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Speaker {
    Agent,
    User,
}

/// Returns a chat as it is shown at first. Its agent opens with the variable that the begin message is made of.
pub(super) fn shown(id: &str, body: &Value, at: Timestamp) -> Value {
    let opening = said(id, 1, Speaker::Agent, &body["retell_llm_dynamic_variables"]["welcome_message"], at);
    json!({
        "chat_id": id,
        "chat_type": "sms_chat",
        "chat_status": "ongoing",
        "agent_id": body["override_agent_id"].as_str().unwrap_or("agent_of_the_number"),
        "version": 0,
        "metadata": body["metadata"],
        "retell_llm_dynamic_variables": body["retell_llm_dynamic_variables"],
        "start_timestamp": at.as_milliseconds(),
        "message_with_tool_calls": [opening],
    })
}

fn said(id: &str, number: usize, speaker: Speaker, content: &Value, at: Timestamp) -> Value {
    let role = match speaker {
        Speaker::Agent => "agent",
        Speaker::User => "user",
    };
    let id = format!("{id}_message_{number}");
    json!({ "role": role, "content": content, "message_id": id, "created_timestamp": at.as_milliseconds() })
}

pub(super) fn get(fake: &Fake<Retell>, id: &str) -> Reaction {
    fake.text(id).map_or_else(|| error(404, "Item not found"), |chat| Reaction::json(200, &chat.shown))
}

pub(super) fn end(fake: &Fake<Retell>, id: &str) -> Reaction {
    match fake.text(id) {
        None => error(404, "Item not found"),
        Some(chat) if chat.shown["chat_status"] != "ongoing" => error(400, "Chat is already ended"),
        Some(_) => {
            fake.chat_ends(id, "ended");
            Reaction::empty(204)
        }
    }
}

pub(super) fn list(fake: &Fake<Retell>, body: &Value) -> Reaction {
    let criteria = &body["filter_criteria"];
    let is_asked_for = |criterion: &Value, number: &Value| {
        criterion.is_null() || (criterion["op"] == "eq" && criterion["value"] == *number)
    };
    let chats = fake.texts().into_iter().rev().filter(|chat| {
        is_asked_for(&criteria["agent_number"], &chat.asked["from_number"])
            && is_asked_for(&criteria["user_number"], &chat.asked["to_number"])
    });
    let items: Vec<Value> = chats.map(|chat| chat.shown).collect();
    Reaction::json(200, &json!({ "items": items, "has_more": false }))
}

impl Fake<Retell> {
    /// Adds a message to a chat, unless the chat is over. The result of a tool call precedes the message.
    pub(crate) fn says(&self, id: &str, speaker: Speaker, words: &str, at: Timestamp) {
        let chat = self.text(id).expect("it was begun");
        if chat.shown["chat_status"] != "ongoing" {
            return;
        }
        let mut entries = chat.shown["message_with_tool_calls"].as_array().cloned().unwrap_or_default();
        let number = entries.len() + 1;
        entries
            .push(json!({ "role": "tool_call_result", "tool_call_id": format!("tool_{number}"), "content": "done" }));
        entries.push(said(id, number, speaker, &words.into(), at));
        self.becomes(id, &json!({ "message_with_tool_calls": entries }));
    }

    /// Ends a chat with this status.
    pub(crate) fn chat_ends(&self, id: &str, status: &str) {
        self.becomes(id, &json!({ "chat_status": status }));
    }

    /// Returns a webhook about a chat, to the address of its agent.
    pub(crate) fn tells_of_chat(&self, id: &str, event: &str, url: &str) -> Told {
        let chat = self.text(id).expect("it was begun").shown;
        let body = json!({ "event": event, "chat": chat }).to_string();
        Told { url: url.to_owned(), content_type: "application/json", body, names_the_call: true }
    }
}
