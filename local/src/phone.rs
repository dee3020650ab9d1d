//! `GET /_local/phone/{number}`: the calls and SMS messages that a simulated phone received.

use std::sync::Arc;

use domain::phone::PhoneNumber;
use futures::FutureExt;
use serde_json::{Value, json};
use store::{StoreError, Table};

use crate::http::{LocalAnswer, LocalRequest, LocalRoute};

/// Creates the route, which reads the simulator's items in the table.
pub fn route(table: Table) -> LocalRoute {
    let handler = move |request: LocalRequest| {
        let table = table.clone();
        async move { received(&table, &request).await }.boxed()
    };
    LocalRoute { method: "GET", path: "/_local/phone/{number}", handler: Arc::new(handler) }
}

async fn received(table: &Table, request: &LocalRequest) -> LocalAnswer {
    let number = request.parameters.get("number").map(String::as_str).unwrap_or_default();
    let number = match PhoneNumber::parse(number) {
        Ok(number) => number,
        Err(error) => return LocalAnswer { status: 400, body: json!({ "message": format!("number {error}") }) },
    };
    match lists(table, &number).await {
        Ok(body) => LocalAnswer { status: 200, body },
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot read what the simulator keeps");
            LocalAnswer { status: 500, body: json!({ "message": "Internal Server Error" }) }
        }
    }
}

/// Returns the calls and SMS messages, each in the order of arrival.
async fn lists(table: &Table, number: &PhoneNumber) -> Result<Value, StoreError> {
    let mut calls = table.simulated_calls(number).await?;
    calls.sort_by_key(|call| call.placed_at);
    let calls = calls.iter().map(|call| json!({ "conversationId": call.conversation, "at": call.placed_at }));
    let mut texts = table.simulated_texts(number).await?;
    texts.sort_by_key(|text| (text.sent_at, text.number));
    let texts = texts
        .iter()
        .map(|text| json!({ "conversationId": text.conversation, "content": text.content, "at": text.sent_at }));
    Ok(json!({ "calls": calls.collect::<Vec<Value>>(), "texts": texts.collect::<Vec<Value>>() }))
}
