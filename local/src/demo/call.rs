//! Demo of one call, from the request to its analysis.

use std::io::Write;

use serde_json::{Value, json};

use super::heard::{Arrived, Heard};
use super::timeline::{Awaited, COMMAND, STRONG, SUBTLE, Timeline};
use super::{PATIENCE, failed};
use crate::Error;
use crate::client::Client;
use crate::receiver::Receiver;

/// Number that the demo calls. Its script in the simulator is the ordinary one.
const NUMBER: &str = "+15555550123";
/// Events that a call can have.
const EVENTS: [&str; 3] = ["call.started", "call.ended", "call.analyzed"];
/// Last event of a call.
pub(super) const LAST: &str = "call.analyzed";

/// Places a call and prints its timeline.
pub(super) async fn run<W: Write>(
    timeline: &mut Timeline<W>,
    client: &Client,
    receiver: &mut Receiver,
    url: &str,
) -> Result<(), Error> {
    timeline.say(format_args!(
        "{STRONG}One call, from the request to its analysis{STRONG:#} {SUBTLE}on {url}{SUBTLE:#}\n"
    ))?;
    let secret = timeline.register(client, receiver.url(), &EVENTS).await?;
    let body = json!({ "agentSlug": "demo-voice", "toNumber": NUMBER, "metadata": { "order": 4711 } });
    let conversation = timeline.ask(client, "/v1/calls", 202, &body).await?;
    let awaited = Awaited { secret, conversation, last: LAST };
    let mut heard = Heard::default();
    let told = async {
        while !heard.is_told() {
            let webhook = receiver.next().await.ok_or_else(|| failed("the receiver of webhooks stopped"))?;
            timeline.hear(&webhook, &awaited, &mut heard)?;
            while let Some(event) = heard.next() {
                tell(timeline, &event)?;
            }
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(result) => result?,
        Err(_) => return Err(failed(heard.missing("the call is not analysed"))),
    }
    bid_farewell(timeline)
}

fn bid_farewell<W: Write>(timeline: &mut Timeline<W>) -> Result<(), Error> {
    timeline.say(format_args!("\n{STRONG}The call is analysed.{STRONG:#} Try next:\n"))?;
    timeline.say(format_args!(
        "  {COMMAND}cargo run -- demo sms{COMMAND:#}   shows a conversation by SMS, with a customer who answers"
    ))?;
    timeline.say(format_args!(
        "  {COMMAND}cargo run{COMMAND:#}               serves the same API until Ctrl-C, and prints a curl line to begin with"
    ))?;
    timeline.say(format_args!(
        "  {SUBTLE}and call a number that ends in 0001 (busy), 0003 (voicemail) or 0006 (the provider{SUBTLE:#}"
    ))?;
    timeline.say(format_args!("  {SUBTLE}times out after dialling); docs/test-numbers.md has the whole list{SUBTLE:#}"))
}

/// Prints an event, with the transcript that it carries.
pub(super) fn tell<W: Write>(timeline: &mut Timeline<W>, event: &Arrived) -> Result<(), Error> {
    timeline.event(&event.name, &summary(&event.name, &event.data))?;
    for said in event.data["transcript"].as_array().into_iter().flatten() {
        let text = |field: &str| said[field].as_str().unwrap_or("?");
        timeline.utterance(text("role"), text("content"))?;
    }
    Ok(())
}

/// Returns a short description of an event.
fn summary(name: &str, data: &Value) -> String {
    let text = |field: &str| data[field].as_str().unwrap_or("?");
    match name {
        "call.started" => {
            let by = data["answeredBy"].as_str().map(|by| format!(" by a {by}")).unwrap_or_default();
            format!("{} answered{by}", text("to"))
        }
        "call.ended" => {
            let said = data["transcript"].as_array().map_or(0, Vec::len);
            format!("{} after {} s, {said} lines of transcript", text("endReason"), data["durationSeconds"])
        }
        "call.analyzed" => text("summary").to_owned(),
        _ => String::new(),
    }
}
