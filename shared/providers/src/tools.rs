//! Calls of agents' tools, at the addresses that the organizations chose.
//!
//! A tool call of a model is first [checked](check): the tool exists, and the arguments fit its schema. Then it is [sent](call)
//! once, signed like a webhook. Its idempotency key is the same for every worker that may send it. It is never repeated after
//! any answer: a tool's action, such as booking a visit, need not be safe to do twice.

use std::error::Error;
use std::time::Duration;

use domain::payload::Content;
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

/// Time limit of a tool call, from the DNS look-up to the end of the answer. A customer waits for it.
pub const TOOL_TIMEOUT: Duration = Duration::from_secs(10);

/// Mark at the end of a result that was cut to the limit.
const CUT_MARK: &str = "\n[The rest was cut off.]";

/// Number of bytes that are kept of a tool's answer. A result has room for them, the mark, and the text before an error.
const KEEP_BYTES: usize = LONGEST_RESULT - 128;

/// Tool call that passed the checks: the tool exists, and the arguments fit its schema.
#[derive(Clone, Copy, Debug)]
pub struct CheckedCall<'a> {
    tool: &'a Tool,
    arguments: &'a Value,
}

/// Conversation that a tool call is made for, as the tool sees it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Phone number of the customer.
    pub customer: &'a PhoneNumber,
    /// Request payload of the conversation. It is as large as a request may be, at most.
    pub content: &'a Content,
    /// Id of the request that created the conversation.
    pub request_id: Option<&'a str>,
}

/// JSON body of a tool call.
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

/// Checks a tool call of a model.
///
/// # Errors
/// [`ToolOutcome`] with the text for the model if the call cannot be made. The model may correct it.
pub fn check<'a>(tools: &'a [Tool], name: &str, arguments: &'a Value) -> Result<CheckedCall<'a>, ToolOutcome> {
    let refuse = |reason: String| Err(ToolOutcome::Error(reason));
    let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        return refuse(format!("there is no such tool; there are: {}", names.join(", ")));
    };
    let schema = match Schema::parse(&tool.parameters) {
        Ok(schema) => schema,
        // Stored tools have valid schemas.
        Err(error) => return refuse(format!("the tool cannot be called: its parameters: {error}")),
    };
    let violations = schema.violations(arguments);
    if violations.is_empty() {
        return Ok(CheckedCall { tool, arguments });
    }
    let violations: Vec<String> = violations.iter().map(Violation::to_string).collect();
    refuse(limited(&format!("the arguments do not fit: {}", violations.join("; ")), false))
}

/// Sends a tool call of a conversation. The caller has recorded beforehand that the call is being made.
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

/// Classifies an answer, almost as for a provider. A definite 4xx says that nothing was done. After a redirect, a 408, a 425 or
/// a 5xx, the tool may have acted.
///
/// Unlike at a provider, a 409 is definite here. A tool is called once under its key, so no other call of ours can conflict
/// with it. The model has to be told about a conflict such as a table that is taken.
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

/// Classifies a failure to get an answer.
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

/// Cuts a text to the kept number of bytes. A text that is or was cut ends with the mark.
fn limited(text: &str, was_cut: bool) -> String {
    let kept = &text[..text.floor_char_boundary(KEEP_BYTES)];
    let mark = if was_cut || kept.len() < text.len() { CUT_MARK } else { "" };
    format!("{kept}{mark}")
}
