//! `POST /_local/tools/opening_hours`: the tool of the demo's SMS agent. In a deployment, a client would answer tool
//! calls. Here the tool is part of the stack, so that a conversation with a tool call works without a client.

use std::sync::Arc;

use futures::FutureExt;
use serde_json::{Map, Value, json};

use crate::http::{LocalAnswer, LocalRequest, LocalRoute};

/// Name of the tool.
pub(crate) const NAME: &str = "opening_hours";
/// Path of the tool.
pub(crate) const PATH: &str = "/_local/tools/opening_hours";
/// Days that the tool knows.
pub(crate) const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Creates the route. A call may name a day in its arguments; otherwise it gets the whole week.
pub fn route() -> LocalRoute {
    let handler = |request: LocalRequest| std::future::ready(answer(&request.body)).boxed();
    LocalRoute { method: "POST", path: PATH, handler: Arc::new(handler) }
}

fn answer(body: &[u8]) -> LocalAnswer {
    let Ok(call) = serde_json::from_slice::<Value>(body) else {
        return LocalAnswer { status: 400, body: json!({ "message": "the call is not valid JSON" }) };
    };
    let body = match &call["arguments"]["day"] {
        Value::Null => {
            json!({ "monday to friday": hours("monday"), "saturday": hours("saturday"), "sunday": hours("sunday") })
        }
        Value::String(day) if DAYS.contains(&day.as_str()) => Map::from_iter([(day.clone(), hours(day).into())]).into(),
        _ => {
            let message = format!("day must be one of {}", DAYS.join(", "));
            return LocalAnswer { status: 400, body: json!({ "message": message }) };
        }
    };
    LocalAnswer { status: 200, body }
}

fn hours(day: &str) -> &'static str {
    match day {
        "saturday" => "9 am to 2 pm",
        "sunday" => "closed",
        _ => "8 am to 6 pm",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(call: &str) -> (u16, Value) {
        let answer = answer(call.as_bytes());
        (answer.status, answer.body)
    }

    #[test]
    fn it_tells_the_week_or_one_day() {
        let week = json!({ "monday to friday": "8 am to 6 pm", "saturday": "9 am to 2 pm", "sunday": "closed" });
        assert_eq!(answered(r#"{"arguments": {}}"#), (200, week));
        assert_eq!(answered(r#"{"arguments": {"day": "sunday"}}"#), (200, json!({ "sunday": "closed" })));
    }

    #[test]
    fn what_it_cannot_tell_is_refused() {
        assert_eq!(answered("hours?").0, 400);
        for day in [r#""someday""#, "7", "[]"] {
            let (status, body) = answered(&format!(r#"{{"arguments": {{"day": {day}}}}}"#));
            assert_eq!(status, 400, "{day}");
            assert!(body["message"].as_str().is_some_and(|message| message.starts_with("day must be one of monday, ")));
        }
    }
}
