//! Demo of one SMS conversation, from its opening message to the customer's STOP: a question, a tool call, answers.

use std::io::Write;

use serde_json::{Value, json};

use super::heard::{Arrived, Heard};
use super::timeline::{Awaited, COMMAND, STRONG, SUBTLE, Timeline, expect};
use super::{PATIENCE, failed};
use crate::Error;
use crate::client::Client;
use crate::receiver::Receiver;

/// Number of the demo's customer. In the simulator's script, this customer answers once and asks for the opening hours.
pub(super) const CUSTOMER: &str = "+15555550102";
/// Number that the demo sends from. The agent has none of its own.
const OURS: &str = "+15555550110";
/// Opening message of the conversation.
const WELCOME: &str = "Hello from Demo Motors! The blue estate that you asked for is here. Would you like to see it?";
/// Messages that the customer sends, one after each answer of the agent.
const TEXTS: [&str; 2] = ["Thank you, I will come by on Saturday.", "STOP"];
/// Events that must arrive, each at least once.
const EXPECTED: [&str; 7] = [
    "sms.message_sent",
    "sms.message_delivery_updated",
    "sms.message_received",
    "sms.tool_call_invocation",
    "sms.tool_call_result",
    "contact.opt_out",
    LAST,
];
/// Event that must not arrive. The demo subscribes to it, because otherwise it would leave a gap in the sequence.
const UNWANTED: &str = "sms.turn_failed";
/// Last event of the conversation.
pub(super) const LAST: &str = "sms.conversation_closed";

/// Opens a conversation, plays its customer, and prints its timeline.
pub(super) async fn run<W: Write>(
    timeline: &mut Timeline<W>,
    client: &Client,
    receiver: &mut Receiver,
    url: &str,
) -> Result<(), Error> {
    timeline.say(format_args!(
        "{STRONG}One conversation by SMS, from its opening text to STOP{STRONG:#} {SUBTLE}on {url}{SUBTLE:#}\n"
    ))?;
    let events: Vec<&str> = EXPECTED.into_iter().chain([UNWANTED]).collect();
    let secret = timeline.register(client, receiver.url(), &events).await?;
    let body = json!({
        "agentSlug": "demo-sms", "toNumber": CUSTOMER, "fromNumber": OURS, "welcomeMessage": WELCOME,
        "metadata": { "lead": 4711 },
    });
    let conversation = timeline.ask(client, "/v1/sms-conversations", 201, &body).await?;
    let awaited = Awaited { secret, conversation, last: LAST };
    let mut heard = Heard::default();
    let told = async {
        let mut answers = 0;
        while !heard.is_told() {
            let webhook = receiver.next().await.ok_or_else(|| failed("the receiver of webhooks stopped"))?;
            timeline.hear(&webhook, &awaited, &mut heard)?;
            while let Some(event) = heard.next() {
                tell(timeline, &event)?;
                if is_answer(&event) {
                    if let Some(text) = TEXTS.get(answers) {
                        play_customer(timeline, client, text).await?;
                    }
                    answers += 1;
                }
            }
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(result) => result?,
        Err(_) => return Err(failed(heard.missing("the conversation is not closed"))),
    }
    match heard.lacks(&EXPECTED) {
        Some(name) => Err(failed(format!("the conversation is closed, and {name} never came"))),
        None => bid_farewell(timeline),
    }
}

/// Prints an event. Fails if the event is not one that the demo expects.
pub(super) fn tell<W: Write>(timeline: &mut Timeline<W>, event: &Arrived) -> Result<(), Error> {
    let Arrived { name, data } = event;
    let text = |field: &str| data[field].as_str().unwrap_or("?");
    let (says, quoted) = match name.as_str() {
        "sms.message_sent" => (format!("text {} to {}", data["sequenceNumber"], text("to")), Some(text("content"))),
        "sms.message_received" => {
            (format!("text {} from {}", data["sequenceNumber"], text("from")), Some(text("content")))
        }
        "sms.message_delivery_updated" => (format!("{}, was {}", text("status"), text("previousStatus")), None),
        "sms.tool_call_invocation" => (format!("{} with {}", text("name"), data["arguments"]), None),
        "sms.tool_call_result" => {
            (format!("{}: {} after {} ms", text("name"), text("outcome"), data["durationMs"]), data["result"].as_str())
        }
        "contact.opt_out" => (format!("{} by {}", text("phoneNumber"), text("keyword")), None),
        LAST => (text("endReason").to_owned(), None),
        _ => (String::new(), None),
    };
    timeline.event(name, &says)?;
    if let Some(quoted) = quoted {
        timeline.quote(quoted)?;
    }
    wrong(name, data).map_or(Ok(()), |wrong| Err(failed(wrong)))
}

/// Returns the reason for which an event is unexpected, if it is.
fn wrong(name: &str, data: &Value) -> Option<String> {
    match name {
        UNWANTED => Some(format!("the agent did not answer: {}", data["reason"])),
        "sms.tool_call_result" if data["outcome"] != "ok" => {
            Some(format!("the tool did not answer: {}", data["result"]))
        }
        LAST if data["endReason"] != "opted_out" => {
            Some(format!("the conversation was closed as {}", data["endReason"]))
        }
        _ => None,
    }
}

/// Returns `true` if the event is an answer to the customer. The agent's first message opens the conversation and is
/// none.
fn is_answer(event: &Arrived) -> bool {
    event.name == "sms.message_sent" && event.data["sequenceNumber"] != 1
}

async fn play_customer<W: Write>(timeline: &mut Timeline<W>, client: &Client, text: &str) -> Result<(), Error> {
    let body = json!({ "from": CUSTOMER, "to": OURS, "content": text });
    expect(202, client.post("/_local/sms", "demo-text", &body).await)?;
    timeline.request("POST /_local/sms", "202: the customer texts")?;
    timeline.quote(text)
}

fn bid_farewell<W: Write>(timeline: &mut Timeline<W>) -> Result<(), Error> {
    timeline.say(format_args!("\n{STRONG}The conversation is closed.{STRONG:#} Try next:\n"))?;
    timeline.say(format_args!(
        "  {COMMAND}cargo run{COMMAND:#}   serves the same API until Ctrl-C, and prints curl lines to begin with"
    ))?;
    timeline.say(format_args!(
        "  {SUBTLE}and text a number that ends in 0103 (answers STOP), 0104 (texts three times at once) or{SUBTLE:#}"
    ))?;
    timeline.say(format_args!(
        "  {SUBTLE}0105 (the provider times out); POST /_local/sms plays any customer's phone{SUBTLE:#}"
    ))
}
