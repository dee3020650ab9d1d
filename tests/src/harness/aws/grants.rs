//! IAM permissions that the requests to AWS need: action and resource, noted by function. Each test has a thread of its
//! own, so the notes cover all worlds of one test.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use serde_json::Value;

use super::faults::Service;

tokio::task_local! {
    static FUNCTION: &'static str;
}

thread_local! {
    static NOTED: RefCell<BTreeMap<&'static str, BTreeSet<String>>> = RefCell::default();
}

/// Attributes by which the use of a key is noted and counted. A policy may be limited to them.
pub const KEY_USE: [&str; 7] = ["pk", "sk", "lastUsedAt", "minute", "requests", "day", "calls"];

/// Runs a function's work under its name. The function is noted even if it makes no request.
pub async fn by<T>(function: &'static str, work: impl Future<Output = T>) -> T {
    note_all_of(function, Vec::new());
    FUNCTION.scope(function, work).await
}

/// Notes a read of the deployment's parameters.
pub fn note_secrets() {
    note_all(vec!["ssm:GetParameters Secrets".to_owned()]);
}

fn note_all(needed: Vec<String>) {
    if let Ok(function) = FUNCTION.try_with(|function| *function) {
        note_all_of(function, needed);
    }
}

fn note_all_of(function: &'static str, needed: Vec<String>) {
    NOTED.with_borrow_mut(|noted| noted.entry(function).or_default().extend(needed));
}

/// Returns the permissions noted in this test so far, by function.
pub fn noted() -> BTreeMap<&'static str, BTreeSet<String>> {
    NOTED.with_borrow(Clone::clone)
}

/// Notes the permissions that a request needs. Requests outside a function belong to an operator and are not noted.
pub(super) fn note(service: Service, operation: &str, request: &Value) {
    note_all(match service {
        Service::DynamoDb => table_grants(operation, request),
        Service::Sqs => vec![format!("sqs:SendMessage {}Queue", capitalized(queue_name(request)))],
        Service::Provider | Service::Webhook => Vec::new(),
    });
}

fn queue_name(request: &Value) -> &str {
    request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).expect("a message goes to a queue")
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn table_grants(operation: &str, request: &Value) -> Vec<String> {
    match operation {
        // A transaction needs the permissions of its parts and none of its own.
        "TransactWriteItems" => {
            let parts = request["TransactItems"].as_array().expect("a transaction has parts").iter();
            parts.flat_map(|part| part.as_object().unwrap()).map(|(kind, part)| part_grant(kind, part)).collect()
        }
        "UpdateItem" => vec![part_grant("Update", request)],
        "Query" => {
            let index = request["IndexName"].as_str().map(|index| format!("/index/{index}"));
            vec![format!("dynamodb:Query Table{}", index.unwrap_or_default())]
        }
        other => vec![format!("dynamodb:{other} Table")],
    }
}

fn part_grant(kind: &str, part: &Value) -> String {
    match kind {
        "ConditionCheck" => "dynamodb:ConditionCheckItem Table".to_owned(),
        "Update" if attributes(part).iter().all(|name| KEY_USE.contains(&name.as_str())) => {
            "dynamodb:UpdateItem Table lastUsedAt".to_owned()
        }
        other => format!("dynamodb:{other}Item Table"),
    }
}

/// Returns the attributes that an update's expressions name.
fn attributes(update: &Value) -> Vec<String> {
    let names = &update["ExpressionAttributeNames"];
    let expressions = ["UpdateExpression", "ConditionExpression"].map(|name| update[name].as_str().unwrap_or_default());
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_#:".contains(character);
    let words = expressions.iter().flat_map(|expression| expression.split(move |character| !is_part(character)));
    let is_name = |word: &&str| {
        let is_function = word.contains('_') && !word.starts_with('#');
        let is_keyword = word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
        !word.is_empty() && !word.starts_with(':') && !is_function && !is_keyword
    };
    words.filter(is_name).map(|word| names[word].as_str().unwrap_or(word).to_owned()).collect()
}
