//! Model of every test key. It is deterministic, so that a client can test its tools and its webhooks.

use std::fmt::Write as _;

use domain::schema::Schema;
use domain::tool::ToolSpec;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value};

use super::{Model, ModelError, Prompt, Reply, Said, ToolRequest};

/// Opening text of a conversation.
const GREETING: &str = "Hello! This is a test conversation. How can I help you?";

/// Maximum length of a quotation, in characters. Two quotations and the words around them fit into one long SMS.
const QUOTED_CHARACTERS: usize = 300;

/// Deterministic model.
///
/// - If the customer's last message names a tool, the model calls it once, with example arguments from its schema. The name
///   may be in any case, with `_` or spaces between its words. Several tools are called one after the other, in the order in
///   which they are offered.
/// - After the calls, or if no tool is named, the model quotes the message and the last tool's result.
/// - Before the first message of the customer, the model greets.
///
/// The agent's instructions are ignored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scripted;

impl Model for Scripted {
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> BoxFuture<'a, Result<Reply, ModelError>> {
        std::future::ready(Ok(reply(prompt))).boxed()
    }
}

fn reply(prompt: &Prompt) -> Reply {
    let Some((asked, since)) = last_question(&prompt.turns) else { return Reply::Text(GREETING.to_owned()) };
    let called = |tool: &ToolSpec| since.iter().any(|said| called_name(said) == Some(&tool.name));
    if let Some(tool) = prompt.tools.iter().find(|tool| names(asked, &tool.name) && !called(tool)) {
        let calls = prompt.turns.iter().filter_map(called_name).count();
        let arguments = Schema::parse(&tool.parameters).map_or(Value::Object(Map::new()), |schema| schema.example());
        return Reply::Tools(vec![ToolRequest {
            id: format!("call_{}", calls + 1),
            name: tool.name.clone(),
            arguments: Ok(arguments),
        }]);
    }
    let mut text = format!("You wrote: \"{}\".", quoted(asked));
    let last_result = since.iter().rev().find_map(|said| match said {
        Said::ToolCall { name, result, .. } => Some((name, result)),
        Said::Agent(_) | Said::Customer(_) => None,
    });
    if let Some((name, result)) = last_result {
        // Writing to a `String` does not fail.
        write!(text, " {name} answered: \"{}\".", quoted(result)).unwrap_or_default();
    }
    Reply::Text(text)
}

/// Returns the customer's last message, and the entries after it.
fn last_question(turns: &[Said]) -> Option<(&str, &[Said])> {
    turns.iter().enumerate().rev().find_map(|(place, said)| match said {
        Said::Customer(text) => Some((text.as_str(), &turns[place + 1..])),
        Said::Agent(_) | Said::ToolCall { .. } => None,
    })
}

fn called_name(said: &Said) -> Option<&String> {
    match said {
        Said::ToolCall { name, .. } => Some(name),
        Said::Agent(_) | Said::Customer(_) => None,
    }
}

/// Returns `true` if a text names a tool in words of their own: "weekend" does not name `end`.
fn names(text: &str, tool: &str) -> bool {
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', " ");
    let (text, tool) = (plain(text), plain(tool));
    text.match_indices(&tool).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        [before, after].into_iter().flatten().all(|neighbour| !neighbour.is_alphanumeric())
    })
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::tool::ToolSpec;
    use futures::FutureExt as _;
    use serde_json::{Value, json};

    use super::{GREETING, Scripted, names};
    use crate::model::{Model as _, Prompt, Reply, Said, ToolRequest};

    fn tool(name: &str, parameters: Value) -> ToolSpec {
        ToolSpec { name: name.to_owned(), description: "Does it.".to_owned(), parameters }
    }

    fn tools() -> Vec<ToolSpec> {
        let year = json!({"type": "integer", "minimum": 1990});
        let parameters = json!({"type": "object", "properties": {"year": year}, "required": ["year"]});
        vec![tool("find_car", parameters), tool("book_visit", json!({"type": "object"}))]
    }

    fn reply(turns: &[Said]) -> Reply {
        let system = "Never say \"secret\".".to_owned();
        let prompt = Prompt { system, turns: turns.to_vec(), tools: tools(), max_output_tokens: 100 };
        Scripted.complete(&prompt).now_or_never().unwrap().unwrap()
    }

    fn text(turns: &[Said]) -> String {
        match reply(turns) {
            Reply::Text(text) => text,
            Reply::Tools(requests) => panic!("wants {requests:?}"),
        }
    }

    fn request(turns: &[Said]) -> ToolRequest {
        match reply(turns) {
            Reply::Tools(mut requests) if requests.len() == 1 => requests.remove(0),
            other => panic!("not one request: {other:?}"),
        }
    }

    fn customer(text: &str) -> Said {
        Said::Customer(text.to_owned())
    }

    fn called(name: &str, result: &str) -> Said {
        let (id, arguments) = ("call_1".to_owned(), json!({}));
        Said::ToolCall { id, name: name.to_owned(), arguments, result: result.to_owned() }
    }

    #[test]
    fn it_greets_where_the_customer_has_not_written() {
        assert_eq!(text(&[]), GREETING);
        assert_eq!(text(&[Said::Agent("find car".to_owned())]), GREETING);
    }

    #[test]
    fn it_quotes_the_last_text() {
        assert_eq!(text(&[customer("one"), Said::Agent("two".to_owned()), customer("3 🚗")]), "You wrote: \"3 🚗\".");
        assert_eq!(text(&[customer("")]), "You wrote: \"\".");
    }

    #[test]
    fn it_calls_the_tool_that_is_named_with_arguments_that_fit() {
        for asked in ["find_car", "Please FIND CAR!", "find-car? find_Car."] {
            let request = request(&[customer(asked)]);
            assert_eq!((request.id.as_str(), request.name.as_str()), ("call_1", "find_car"));
            assert_eq!(request.arguments, Ok(json!({"year": 1990})));
        }
    }

    #[test]
    fn it_calls_a_tool_once_for_a_text_and_tells_the_result() {
        let asked = customer("find car, then book visit");
        assert_eq!(request(&[asked.clone(), called("find_car", "a Saab")]).name, "book_visit");
        let done = [asked.clone(), called("find_car", "a Saab"), called("book_visit", "Friday")];
        let expected = "You wrote: \"find car, then book visit\". book_visit answered: \"Friday\".";
        assert_eq!(text(&done), expected);
        let again = [done.as_slice(), &[Said::Agent("done".to_owned()), customer("find car")]].concat();
        assert_eq!((request(&again).name.as_str(), request(&again).id.as_str()), ("find_car", "call_3"));
    }

    #[test]
    fn a_tool_is_named_by_words_of_their_own() {
        for asked in ["find_cars", "xfind car", "find  car", "car find", "findcar", "find çar"] {
            assert!(!names(asked, "find_car"), "{asked}");
        }
        assert!(!names("the weekend", "end") && names("weekend, end", "end"));
        assert!(names("🚗find car🚗", "FIND_car") && names("find car", "find car"));
    }

    #[test]
    fn what_it_says_is_bounded_whatever_it_quotes() {
        let long = "🚗".repeat(10_000);
        let said = text(&[customer(&long), called("other", &long)]);
        assert!(said.chars().count() < 700, "{}", said.chars().count());
        assert!(said.contains("🚗…\""));
    }
}
