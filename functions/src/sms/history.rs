//! History of a conversation for the model. It comes from the conversation's log, which has messages and tool calls in order.

use domain::ids::ConversationId;
use domain::log::{Event, LogEntry, SmsMessage, ToolCallInvocation};
use domain::sms::{Author, SmsConversation};
use domain::tool::ToolOutcome;
use providers::model::Said;
use store::{StoreError, Table, keys};

/// Maximum number of log entries that a model is shown.
const LONGEST: u8 = 200;

/// Entry of the history, with its message number if it is a message.
type Placed = (Option<u32>, Said);

/// Loads the history of a conversation, the oldest entry first. Messages are in the order in which they were written, even if
/// it became known later that they were sent.
pub(crate) async fn history(table: &Table, conversation: &SmsConversation) -> Result<Vec<Said>, StoreError> {
    let entries = table.last_log(conversation.id, LONGEST).await?;
    let mut placed: Vec<Placed> = Vec::new();
    for entry in &entries {
        match entry.entry.event() {
            Some(Event::SmsMessageSent(message)) => insert(&mut placed, message.sequence_number, text(message)),
            Some(Event::SmsMessageReceived(message)) => placed.push((message.sequence_number, text(message))),
            Some(Event::SmsToolCallInvocation(invocation)) => placed.push((None, call(invocation, &entries))),
            Some(_) | None => {}
        }
    }
    for (number, said) in on_their_way(table, conversation).await? {
        insert(&mut placed, Some(number), said);
    }
    Ok(placed.into_iter().map(|(_, said)| said).collect())
}

/// Inserts a message of ours at the position at which it was written: before everything that came in after it. The log has the
/// message only once it is known to be sent, so it may be later there, or missing.
fn insert(placed: &mut Vec<Placed>, number: Option<u32>, said: Said) {
    let is_later = |(other, _): &Placed| matches!((other, number), (Some(other), Some(number)) if *other > number);
    let place = placed.iter().position(is_later).unwrap_or(placed.len());
    placed.insert(place, (number, said));
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

/// Returns a tool call with its result. A call without a result has an unknown outcome: it may still be running for a turn that
/// was abandoned.
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

/// Loads our messages with an outcome that is not known yet. No event contains them, but we have to assume that the customer
/// has read them.
async fn on_their_way(table: &Table, conversation: &SmsConversation) -> Result<Vec<(u32, Said)>, StoreError> {
    let id: ConversationId = conversation.id;
    let numbers: Vec<u32> = conversation.sends.iter().map(|send| send.message).collect();
    let items = table.read(numbers.iter().map(|number| keys::message(id, *number))).await?;
    let mut texts = Vec::new();
    for number in numbers {
        let stored = items.message(id, number)?;
        texts.extend(stored.map(|stored| (number, said(stored.message.author, stored.message.content))));
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::{Placed, Said, insert};

    fn told(placed: &[Placed]) -> Vec<String> {
        let word = |said: &Said| match said {
            Said::Agent(text) => format!("we: {text}"),
            Said::Customer(text) => format!("they: {text}"),
            Said::ToolCall { name, .. } => name.clone(),
        };
        placed.iter().map(|(_, said)| word(said)).collect()
    }

    fn tool() -> Placed {
        let (id, name, result) = ("1".to_owned(), "tool".to_owned(), String::new());
        (None, Said::ToolCall { id, name, arguments: serde_json::Value::Null, result })
    }

    #[test]
    fn our_text_stands_before_the_customers_answer_to_it_whenever_it_was_known_to_have_left() {
        let customer = |number, text: &str| (Some(number), Said::Customer(text.to_owned()));
        let mut placed = Vec::new();
        insert(&mut placed, Some(1), Said::Agent("Which one?".to_owned()));
        placed.push(customer(2, "The blue one"));
        placed.push(tool());
        // Message 3 was requested, then message 4 came in, then message 3 was known to be sent.
        placed.push(customer(4, "Yes"));
        insert(&mut placed, Some(3), Said::Agent("For Saturday?".to_owned()));
        insert(&mut placed, Some(5), Said::Agent("Done.".to_owned()));
        let expected = ["we: Which one?", "they: The blue one", "tool", "we: For Saturday?", "they: Yes", "we: Done."];
        assert_eq!(told(&placed), expected);
    }
}
