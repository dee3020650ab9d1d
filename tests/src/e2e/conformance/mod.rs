//! Conformance to the five source documents, row by row. Every field, answer and error that they name has a check that
//! runs. The table is printed into `docs/conformance.md`.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::Value;
use store::{FullCall, Table};

use crate::harness::stack::api::Answer;
use crate::harness::stack::local_stack::{LocalStack, dev};

/// Statement of a document, with its check.
struct Row {
    /// Field, answer or error that the statement is about.
    what: &'static str,
    /// Statement of the document, or our choice if the document says nothing.
    says: &'static str,
    /// Check of the statement. Panics if it does not hold.
    holds: for<'a> fn(&'a LocalStack) -> LocalBoxFuture<'a, ()>,
}

/// Source document.
struct Document {
    /// Number of the document among the sources, and its subject.
    title: &'static str,
    rows: &'static [Row],
}

macro_rules! row {
    ($what:literal, $says:literal, |$world:ident| $check:expr) => {
        $crate::e2e::conformance::Row {
            what: $what,
            says: $says,
            holds: |$world| futures::FutureExt::boxed_local(async move { $check }),
        }
    };
}

mod calls;
mod klen;
mod levers;
mod levers_bulk;
mod levers_errors;
mod sms_conversations;
mod verbex;

static DOCUMENTS: [&Document; 7] = [
    &calls::DOCUMENT,
    &sms_conversations::DOCUMENT,
    &klen::DOCUMENT,
    &verbex::DOCUMENT,
    &levers::DOCUMENT,
    &levers_errors::DOCUMENT,
    &levers_bulk::DOCUMENT,
];

/// Checks every row of a document, and reports all rows that do not hold.
async fn holds(document: &Document) {
    let world = LocalStack::start().await;
    let checks = document.rows.iter().map(|row| async {
        let held = AssertUnwindSafe((row.holds)(&world)).catch_unwind().await;
        held.is_err().then_some(row.what)
    });
    let broken: Vec<&str> = join_all(checks).await.into_iter().flatten().collect();
    assert!(broken.is_empty(), "{}: {broken:#?}", document.title);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_on_calls_holds() {
    holds(&calls::DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_on_sms_conversations_holds() {
    holds(&sms_conversations::DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_klen_holds() {
    holds(&klen::DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_verbex_holds() {
    holds(&verbex::DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_levers_holds() {
    holds(&levers::DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_errors_of_levers_hold() {
    holds(&levers_errors::DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bulk_requests_of_levers_hold() {
    holds(&levers_bulk::DOCUMENT).await;
}

fn printed() -> String {
    let mut text =
        "# Conformance\n\nWhat the source documents say, row by row. Each row is a check that runs with the \
                    tests; this page is printed from\nthem.\n"
            .to_owned();
    for document in DOCUMENTS {
        text.push_str(&format!("\n## {}\n\n| what | holds |\n|---|---|\n", document.title));
        for row in document.rows {
            text.push_str(&format!("| {} | {} |\n", row.what, row.says));
        }
    }
    text
}

#[test]
fn the_printed_table_is_the_one_that_runs() {
    let command = "cargo test -p tests -- --ignored print_the_conformance_table";
    let printed_before = include_str!("../../../../docs/conformance.md");
    assert!(printed() == printed_before, "docs/conformance.md is out of date; print it anew: {command}");
}

#[test]
#[ignore = "prints docs/conformance.md"]
fn print_the_conformance_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/conformance.md");
    std::fs::write(path, printed()).expect("the page can be written");
}

/// Returns the code of a flat refusal, `{"error", "message"}`.
#[track_caller]
fn flat(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.body["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.text());
    answer.body["error"].as_str().expect("a code")
}

/// Returns the locations that FastAPI's 422 names, in order, each as `body.contacts.0.email`.
#[track_caller]
fn places(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.text());
    let step = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    let place = |problem: &Value| {
        assert!(problem["msg"].is_string() && problem["type"].is_string(), "{problem}");
        problem["loc"].as_array().expect("a place").iter().map(step).collect::<Vec<_>>().join(".")
    };
    answer.body["detail"].as_array().expect("a list of problems").iter().map(place).collect()
}

/// Returns a call of the stack's own organization with everything that is stored of it.
async fn kept(world: &LocalStack, id: &str) -> FullCall {
    let id = domain::ids::ConversationId::parse(id).expect("a conversation's id");
    let items = world.table.read(Table::full_call_keys(id)).await.expect("the table answers");
    world.table.full_call(&dev(), id, &items).await.expect("the table answers").expect("the call is there")
}

/// Returns the code of the native API's refusal.
fn code(answer: &Answer, status: u16) -> &str {
    answer.refusal(status)
}
