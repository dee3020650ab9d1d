//! Tests of the lines that show a conversation's life in the terminal.

use std::sync::Arc;

use local::receiver::{Receiver, Reply};
use serde_json::json;

use crate::process::Terminal;

/// Returns the lines of a kind, each from its step's name on.
fn told<'a>(lines: &'a [String], kind: &str) -> Vec<&'a str> {
    let ours = lines.iter().filter(|line| line.starts_with(kind));
    ours.filter_map(|line| Some(line.split_once(" s  ")?.1)).collect()
}

/// Checks that lines with these beginnings occur in this order. Other lines may stand between them.
#[track_caller]
fn assert_in_order(lines: &[&str], beginnings: &[&str]) {
    let mut rest = lines.iter();
    for beginning in beginnings {
        assert!(rest.any(|line| line.starts_with(beginning)), "no {beginning} in its place: {lines:#?}");
    }
}

#[tokio::test]
async fn the_terminal_shows_the_life_of_a_call() {
    let receiver = Receiver::start(Arc::new(|_| Reply::OK)).await.expect("a free port");
    let mut terminal = Terminal::start().await;
    let hook = json!({ "url": receiver.url(), "events": ["call.started", "call.ended", "call.analyzed"] });
    assert_eq!(terminal.client().post("/v1/webhooks", "hook", &hook).await.expect("an answer").status, 201);
    let call = json!({ "agentSlug": "demo-voice", "toNumber": "+15555550123" });
    let answer = terminal.client().post("/v1/calls", "call", &call).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
    let lines = terminal.until("call.analyzed to 127.0.0.1:").await;

    let id = answer.body["data"]["conversationId"].as_str().expect("an id");
    let told = told(&lines, &format!("call {} ", &id[..8]));
    let life =
        ["accepted         demo-voice calls …0123", "dialling", "ringing", "answered", "ended            completed"];
    assert_in_order(&told, &life);
    let webhooks: Vec<_> = told.iter().filter(|line| line.starts_with("webhook")).collect();
    assert_eq!(webhooks.len(), 3, "{lines:#?}");
    let host = receiver.url().trim_start_matches("http://").trim_end_matches("/hooks");
    let is_complete = |line: &&str| line.contains(&format!(" to {host}: 200 in ")) && line.ends_with(" ms");
    assert!(webhooks.into_iter().all(is_complete), "{lines:#?}");
    let text = lines.concat();
    assert!(!text.contains('\u{1b}') && !text.contains("5555550123"), "{text}");
    terminal.kill().await;
}

#[tokio::test]
async fn the_terminal_shows_the_life_of_a_conversation_by_sms() {
    let mut terminal = Terminal::start().await;
    let welcome = "Hello! The car that you asked for is here.";
    let body = json!({
        "agentSlug": "demo-sms", "toNumber": "+15555550102", "fromNumber": "+15555550110", "welcomeMessage": welcome,
    });
    let answer = terminal.client().post("/v1/sms-conversations", "sms", &body).await.expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.body);
    let mut lines = terminal.until("  answer ").await;
    let stop = json!({ "from": "+15555550102", "to": "+15555550110", "content": "STOP" });
    assert_eq!(terminal.client().post("/_local/sms", "stop", &stop).await.expect("an answer").status, 202);
    lines.extend(terminal.until("  closed ").await);

    let id = answer.body["data"]["conversationId"].as_str().expect("an id");
    let told = told(&lines, &format!("sms  {} ", &id[..8]));
    assert_in_order(
        &told,
        &["opened           demo-sms texts …0102", "text sent        text 1", "delivered        text 1"],
    );
    assert_in_order(
        &told,
        &["customer's text  text 2", "tool call        opening_hours", "tool answer      opening_hours: ok"],
    );
    assert_in_order(
        &told,
        &["tool answer", "answer           text 3", "customer's text  text 4", "closed           opted_out"],
    );
    let text = lines.concat();
    assert!(!text.contains("5555550102") && !text.contains("Hello") && !text.contains("STOP"), "{text}");
    terminal.kill().await;
}
