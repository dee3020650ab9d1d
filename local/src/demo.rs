//! `cargo run -- demo`: one call, from the request to its analysis, as its webhooks tell it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use domain::signature::Secret;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::clock::Clock;

use crate::Error;
use crate::client::{Answer, Client};
use crate::receiver::{Receiver, Reply, Webhook};

/// How long the call may take until it is analysed. The simulator's takes eight seconds.
const PATIENCE: Duration = Duration::from_secs(45);
/// Whom the demo calls: a number whose script is the ordinary one.
const NUMBER: &str = "+15555550123";
/// What can happen to a call.
const EVENTS: [&str; 3] = ["call.started", "call.ended", "call.analyzed"];

const STRONG: Style = Style::new().bold();
const SUBTLE: Style = Style::new().dimmed();
const COMMAND: Style = AnsiColor::Cyan.on_default();
const GOOD: Style = AnsiColor::Green.on_default();

/// Places a call and prints its timeline; fails where the call is not analysed in time, where a signature does not
/// verify, and where an event is missing.
///
/// # Errors
/// [`Error::Demo`] with one line that says what is wrong.
pub async fn run(url: &str, api_key: &str, clock: &Clock) -> Result<(), Error> {
    let mut demo = Demo { out: anstream::stdout(), began: clock.now(), clock: clock.clone() };
    let client = Client::new(url, api_key);
    let receiver = Receiver::start(Arc::new(|_| Reply::OK)).await;
    let mut receiver = receiver.map_err(|error| failed(format!("cannot listen for webhooks: {error}")))?;
    demo.say(format_args!(
        "{STRONG}One call, from the request to its analysis{STRONG:#} {SUBTLE}on {url}{SUBTLE:#}\n"
    ))?;
    let secret = demo.register(&client, receiver.url()).await?;
    let conversation = demo.place(&client).await?;
    let mut heard = Heard::default();
    let timeline = async {
        while !heard.is_complete() {
            let webhook = receiver.next().await.ok_or_else(|| failed("the receiver of webhooks stopped"))?;
            demo.hear(&webhook, &secret, &conversation, &mut heard)?;
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, timeline).await {
        Ok(result) => result?,
        Err(_) => return Err(failed(heard.missing())),
    }
    demo.bid_farewell()
}

/// The events that arrived, by their `sequence`.
#[derive(Debug, Default)]
struct Heard {
    sequences: BTreeSet<u64>,
    last: Option<u64>,
}

impl Heard {
    /// Whether the analysis arrived, and every event before it: they may come in any order.
    fn is_complete(&self) -> bool {
        self.last.is_some() && self.gap().is_none()
    }

    fn gap(&self) -> Option<u64> {
        let last = self.last.or(self.sequences.last().copied()).unwrap_or(0);
        (1..=last).find(|sequence| !self.sequences.contains(sequence))
    }

    fn missing(&self) -> String {
        let waited = PATIENCE.as_secs();
        match self.gap() {
            Some(sequence) => format!("event {sequence} is missing after {waited} s: there is a gap in the sequence"),
            None => format!("the call is not analysed after {waited} s"),
        }
    }
}

struct Demo<W> {
    out: W,
    began: Timestamp,
    clock: Clock,
}

impl<W: Write> Demo<W> {
    fn say(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), Error> {
        writeln!(self.out, "{line}").and_then(|()| self.out.flush()).map_err(Error::Output)
    }

    fn line(&mut self, what: &str, says: &str, verified: &str) -> Result<(), Error> {
        let seconds = self.clock.now().since(self.began).as_milliseconds();
        let elapsed = format!("{}.{} s", seconds / 1_000, seconds % 1_000 / 100);
        let says = if verified.is_empty() { says.to_owned() } else { format!("{says:<58} ") };
        self.say(format_args!(
            "{SUBTLE}{elapsed:>7}{SUBTLE:#}  {STRONG}{what:<18}{STRONG:#} {says}{GOOD}{verified}{GOOD:#}"
        ))
    }

    /// Registers the demo's own endpoint; gives the secret that its webhooks are signed with.
    async fn register(&mut self, client: &Client, url: &str) -> Result<Secret, Error> {
        let body = json!({ "url": url, "events": EVENTS });
        let answer = expect(201, client.post("/v1/webhooks", "demo-webhook", &body).await)?;
        let secret = answer.body["data"]["secret"].as_str().unwrap_or_default();
        let secret = Secret::parse(secret).map_err(|error| failed(format!("the endpoint's secret {error}")))?;
        self.line("POST /v1/webhooks", &format!("201: this process listens at {url}"), "")?;
        Ok(secret)
    }

    async fn place(&mut self, client: &Client) -> Result<String, Error> {
        let body = json!({ "agentSlug": "demo-voice", "toNumber": NUMBER, "metadata": { "order": 4711 } });
        let answer = expect(202, client.post("/v1/calls", "demo-call", &body).await)?;
        let data = &answer.body["data"];
        let conversation = data["conversationId"].as_str().unwrap_or_default().to_owned();
        let status = data["status"].as_str().unwrap_or_default();
        self.line("POST /v1/calls", &format!("202: {status}, conversation {conversation}"), "")?;
        Ok(conversation)
    }

    fn hear(&mut self, webhook: &Webhook, secret: &Secret, conversation: &str, heard: &mut Heard) -> Result<(), Error> {
        let event = webhook.event();
        let name = event["event"].as_str().unwrap_or("an unreadable webhook");
        let verified = webhook.verify(secret, self.clock.now());
        verified.map_err(|error| failed(format!("the signature of {name} does not verify: {error}")))?;
        if event["conversationId"] != conversation {
            return Err(failed(format!("{name} belongs to another conversation")));
        }
        let sequence = event["sequence"].as_u64().unwrap_or(0);
        if !heard.sequences.insert(sequence) {
            return self.line(name, "once more: a receiver tells it by its id", "signature verified");
        }
        if name == "call.analyzed" {
            heard.last = Some(sequence);
        }
        self.line(name, &summary(name, &event["data"]), "signature verified")
    }

    fn bid_farewell(&mut self) -> Result<(), Error> {
        self.say(format_args!("\n{STRONG}The call is analysed.{STRONG:#} Try next:\n"))?;
        self.say(format_args!(
            "  {COMMAND}cargo run{COMMAND:#}   serves the same API until Ctrl-C, and prints a curl line to begin with"
        ))?;
        self.say(format_args!(
            "  {SUBTLE}and call a number that ends in 0001 (busy), 0003 (voicemail) or 0006 (the provider{SUBTLE:#}"
        ))?;
        self.say(format_args!("  {SUBTLE}times out after dialling); the README has the whole list{SUBTLE:#}"))
    }
}

/// What an event says, in a few words.
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

fn expect(status: u16, answer: io::Result<Answer>) -> Result<Answer, Error> {
    let answer = answer.map_err(|error| failed(format!("the API does not answer: {error}")))?;
    if answer.status == status {
        return Ok(answer);
    }
    let message = answer.body["error"]["message"].as_str().unwrap_or("no reason given");
    Err(failed(format!("the API answered {} instead of {status}: {message}", answer.status)))
}

fn failed(reason: impl Into<String>) -> Error {
    Error::Demo(reason.into())
}

#[cfg(test)]
#[path = "demo_tests.rs"]
mod tests;
