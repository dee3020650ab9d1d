//! `GET /_local/phone/{number}`: what that phone received.

use std::sync::Arc;

use domain::phone::PhoneNumber;
use futures::FutureExt;
use serde_json::{Value, json};
use store::Table;

use crate::http::{LocalAnswer, LocalRequest, LocalRoute};

/// The route, answered from the simulator's calls in the table.
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
    let mut calls = match table.simulated_calls(&number).await {
        Ok(calls) => calls,
        Err(error) => {
            tracing::error!(%error, "cannot read the simulator's calls");
            return LocalAnswer { status: 500, body: json!({ "message": "Internal Server Error" }) };
        }
    };
    calls.sort_by_key(|call| call.placed_at);
    let calls = calls.iter().map(|call| json!({ "conversationId": call.conversation, "at": call.placed_at }));
    LocalAnswer { status: 200, body: json!({ "calls": calls.collect::<Vec<Value>>(), "texts": [] }) }
}
