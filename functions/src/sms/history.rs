//! What was said so far, as a model is shown it: from the conversation's log, which has texts and tools in their order.

use domain::ids::ConversationId;
use domain::log::{Event, LogEntry, SmsMessage, ToolCallInvocation};
use domain::sms::{Author, SmsConversation};
use domain::tool::ToolOutcome;
use providers::model::Said;
use store::{StoreError, Table, keys};

/// How far back a model is shown a conversation, in log entries.
const LONGEST: u8 = 200;

/// Reads what was said so far, oldest first.
pub(crate) async fn history(table: &Table, conversation: &SmsConversation) -> Result<Vec<Said>, StoreError> {
    let entries = table.last_log(conversation.id, LONGEST).await?;
    let mut said = Vec::new();
    for entry in &entries {
        match entry.entry.event() {
            Some(Event::SmsMessageSent(message) | Event::SmsMessageReceived(message)) => said.push(text(message)),
            Some(Event::SmsToolCallInvocation(invocation)) => said.push(call(invocation, &entries)),
            Some(_) | None => {}
        }
    }
    said.extend(on_their_way(table, conversation).await?);
    Ok(said)
}

fn text(message: &SmsMessage) -> Said {
    said(message.author, message.content.clone())
}

fn said(author: Author, content: String) -> Said {
    match author {
        Author::Agent | Author::Person => Said::Agent(content),
        Author::Customer => Said::Customer(content),
    }
}

/// A tool that was called, with its result. One without is treated as one whose outcome is unknown: it may still be
/// running for a turn that was given up.
fn call(invocation: &ToolCallInvocation, entries: &[LogEntry]) -> Said {
    let outcome = entries.iter().find_map(|entry| match entry.entry.event() {
        Some(Event::SmsToolCallResult(result)) if result.tool_call_id == invocation.tool_call_id => {
            Some(result.outcome())
        }
        Some(_) | None => None,
    });
    Said::ToolCall {
        id: invocation.tool_call_id.clone(),
        name: invocation.name.clone(),
        arguments: invocation.arguments.clone(),
        result: outcome.unwrap_or(ToolOutcome::Unknown).for_model().into_owned(),
    }
}

/// Our texts whose outcome is not known yet stand in no event: as far as we know, the customer has read them.
async fn on_their_way(table: &Table, conversation: &SmsConversation) -> Result<Vec<Said>, StoreError> {
    let id: ConversationId = conversation.id;
    let numbers: Vec<u32> = conversation.sends.iter().map(|send| send.message).collect();
    let items = table.read(numbers.iter().map(|number| keys::message(id, *number))).await?;
    let mut texts = Vec::new();
    for number in numbers {
        texts.extend(items.message(id, number)?.map(|stored| said(stored.message.author, stored.message.content)));
    }
    Ok(texts)
}
