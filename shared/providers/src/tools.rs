//! Calls of agents' tools, at the addresses that their owners gave.
//!
//! A call that a model asked for is [checked](check) first: there is such a tool, and the arguments are what its schema
//! describes. Then it is [made](call): once, signed as webhooks are, under a key that is the same whoever makes it. Never
//! again, whatever comes back: what a tool does, such as booking a visit, need not be safe to do twice.

use std::error::Error;
use std::time::Duration;

use domain::organization::Content;
use domain::phone::PhoneNumber;
use domain::schema::{Schema, Violation};
use domain::signature::Secret;
use domain::time::Timestamp;
use domain::tool::{LONGEST_RESULT, Tool, ToolCallKey, ToolOutcome};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::egress::{Answer, Egress, EgressError, OutboundRequest, UrlError, name_request, signed_headers};

#[cfg(test)]
mod tests;

/// How long a tool may take, from the look-up of its name to the end of its answer. A customer waits.
pub const TOOL_TIMEOUT: Duration = Duration::from_secs(10);

/// Stands behind a result that was longer than it may be.
const CUT_MARK: &str = "\n[The rest was cut off.]";

/// How much of a tool's answer is kept: with the mark, and with what is put before an error, it fits into a result.
const KEEP_BYTES: usize = LONGEST_RESULT - 128;

/// A call that was checked: of a tool that there is, with arguments that fit its schema.
#[derive(Clone, Copy, Debug)]
pub struct CheckedCall<'a> {
    tool: &'a Tool,
    arguments: &'a Value,
}

/// The conversation that a call is made for, as its tool is told of it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Whom the agent talks to.
    pub customer: &'a PhoneNumber,
    /// What the conversation's request brought: at most as much as a request may bring.
    pub content: &'a Content,
    /// The request that made the conversation.
    pub request_id: Option<&'a str>,
}

/// The body of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    tool_call_id: &'a str,
    name: &'a str,
    arguments: &'a Value,
    conversation_id: String,
    turn: u32,
    customer_number: &'a str,
    dynamic_variables: &'a Map<String, Value>,
    metadata: Option<&'a RawValue>,
}

/// Checks a call that a model asked for.
///
/// # Errors
/// What the model is told where it cannot be made: it may ask again, better.
pub fn check<'a>(tools: &'a [Tool], name: &str, arguments: &'a Value) -> Result<CheckedCall<'a>, ToolOutcome> {
    let refuse = |reason: String| Err(ToolOutcome::Error(reason));
    let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        return refuse(format!("there is no such tool; there are: {}", names.join(", ")));
    };
    let schema = match Schema::parse(&tool.parameters) {
        Ok(schema) => schema,
        // No such tool is stored.
        Err(error) => return refuse(format!("the tool cannot be called: its parameters: {error}")),
    };
    let violations = schema.violations(arguments);
    if violations.is_empty() {
        return Ok(CheckedCall { tool, arguments });
    }
    let violations: Vec<String> = violations.iter().map(Violation::to_string).collect();
    refuse(limited(&format!("the arguments do not fit: {}", violations.join("; ")), false))
}

/// Makes a call, for this conversation. Whoever makes it has recorded before that it is being made.
pub async fn call(
    egress: &Egress,
    secrets: &[Secret],
    call: CheckedCall<'_>,
    tool_call_id: &str,
    key: ToolCallKey,
    context: Context<'_>,
    now: Timestamp,
) -> ToolOutcome {
    let sent = match request(secrets, call, tool_call_id, key, context, now) {
        Ok(request) => egress.send(request).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(answer) => judge(&answer),
        Err(error) => {
            let cause = &error as &dyn Error;
            tracing::warn!(conversation = %key.conversation, tool = %call.tool.name, error = cause, "a tool's call failed");
            failed(&error)
        }
    }
}

fn request(
    secrets: &[Secret],
    call: CheckedCall<'_>,
    tool_call_id: &str,
    key: ToolCallKey,
    context: Context<'_>,
    now: Timestamp,
) -> Result<OutboundRequest, EgressError> {
    let CheckedCall { tool, arguments } = call;
    let url = tool.url.parse().map_err(|error| EgressError::Refused(UrlError::Malformed(error)))?;
    let conversation_id = key.conversation.to_string();
    let Context { customer, content, request_id } = context;
    let body = Body {
        tool_call_id,
        name: &tool.name,
        arguments,
        conversation_id,
        turn: key.turn,
        customer_number: customer.as_str(),
        dynamic_variables: &content.dynamic_variables,
        metadata: content.metadata.as_deref(),
    };
    let body = serde_json::to_vec(&body).map_err(|error| EgressError::Setup(error.into()))?;
    let id = key.to_string();
    let mut headers = signed_headers(secrets, &id, now, &body)?;
    let id = HeaderValue::from_str(&id).map_err(|error| EgressError::Setup(error.into()))?;
    headers.insert(HeaderName::from_static("idempotency-key"), id);
    name_request(&mut headers, request_id);
    let (timeout, keep_bytes) = (TOOL_TIMEOUT, KEEP_BYTES);
    Ok(OutboundRequest { method: Method::POST, url, headers, body, timeout, keep_bytes, needs_all: true })
}

/// What an answer means, almost by the rule for a provider's: a definite 4xx says that nothing was done; after a redirect, a
/// 408, a 425 or a 5xx it may have been. A 409 is definite here: a tool is called once under its key, so that no other call
/// of ours is in its way, and the model has to hear that the table is taken.
fn judge(answer: &Answer) -> ToolOutcome {
    let result = || limited(&answer.body, answer.cut);
    match answer.status {
        200..=299 => ToolOutcome::Ok(result()),
        408 | 425 => ToolOutcome::Unknown,
        400..=499 => {
            ToolOutcome::Error(format!("the tool refused the call with status {}: {}", answer.status, result()))
        }
        _ => ToolOutcome::Unknown,
    }
}

/// What it means that there is no answer.
fn failed(error: &EgressError) -> ToolOutcome {
    match error {
        EgressError::Unsigned => {
            ToolOutcome::Error("the tool was not called, for lack of its secret; nothing was done".to_owned())
        }
        EgressError::Refused(_)
        | EgressError::Dns(_)
        | EgressError::Connect(_)
        | EgressError::Tls(_)
        | EgressError::Setup(_) => ToolOutcome::Error("the tool could not be reached; nothing was done".to_owned()),
        EgressError::Timeout | EgressError::Broken(_) => ToolOutcome::Unknown,
    }
}

/// A text within what is kept of one, with a mark where it was cut.
fn limited(text: &str, was_cut: bool) -> String {
    let kept = &text[..text.floor_char_boundary(KEEP_BYTES)];
    let mark = if was_cut || kept.len() < text.len() { CUT_MARK } else { "" };
    format!("{kept}{mark}")
}
