//! Timeline of the demos: one line per request and per webhook, with the seconds since the start.

use std::fmt::Arguments;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use domain::signature::Secret;
use domain::time::Timestamp;
use serde_json::{Value, json};
use store::clock::Clock;

use super::failed;
use super::heard::{Arrived, Heard};
use crate::Error;
use crate::client::{Answer, Client};
use crate::receiver::Webhook;

pub(super) const STRONG: Style = Style::new().bold();
pub(super) const SUBTLE: Style = Style::new().dimmed();
pub(super) const COMMAND: Style = AnsiColor::Cyan.on_default();
const GOOD: Style = AnsiColor::Green.on_default();

/// Remark behind a webhook whose signature was verified.
const VERIFIED: &str = "signature verified";

/// Printer of a timeline.
pub(super) struct Timeline<W> {
    pub(super) out: W,
    began: Timestamp,
    clock: Clock,
}

/// Expected webhooks: those of one conversation, signed with one secret, up to one event.
pub(super) struct Awaited {
    pub(super) secret: Secret,
    pub(super) conversation: String,
    pub(super) last: &'static str,
}

impl<W: Write> Timeline<W> {
    /// Creates a timeline that starts now.
    pub(super) fn new(out: W, clock: Clock) -> Self {
        Self { out, began: clock.now(), clock }
    }

    /// Prints a line and flushes the output.
    pub(super) fn say(&mut self, line: Arguments<'_>) -> Result<(), Error> {
        writeln!(self.out, "{line}").and_then(|()| self.out.flush()).map_err(Error::Output)
    }

    /// Prints a request and its answer.
    pub(super) fn request(&mut self, what: &str, says: &str) -> Result<(), Error> {
        self.line(what, says, "")
    }

    /// Prints an event with the remark that its signature is verified.
    pub(super) fn event(&mut self, name: &str, says: &str) -> Result<(), Error> {
        self.line(name, says, VERIFIED)
    }

    /// Prints the message text that belongs to the line above.
    pub(super) fn quote(&mut self, text: &str) -> Result<(), Error> {
        self.say(format_args!("{:9}“{text}”", ""))
    }

    /// Prints a line of the transcript that belongs to the line above.
    pub(super) fn utterance(&mut self, speaker: &str, text: &str) -> Result<(), Error> {
        self.say(format_args!("{:9}{SUBTLE}{speaker:<9}{SUBTLE:#}“{text}”", ""))
    }

    fn line(&mut self, what: &str, says: &str, verified: &str) -> Result<(), Error> {
        let milliseconds = self.clock.now().since(self.began).as_milliseconds();
        let elapsed = format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100);
        let says = if verified.is_empty() { says.to_owned() } else { format!("{says:<56} ") };
        self.say(format_args!(
            "{SUBTLE}{elapsed:>7}{SUBTLE:#}  {STRONG}{what:<28}{STRONG:#} {says}{GOOD}{verified}{GOOD:#}"
        ))
    }

    /// Registers the demo's own endpoint for these events. Returns the secret that signs its webhooks.
    pub(super) async fn register(&mut self, client: &Client, url: &str, events: &[&str]) -> Result<Secret, Error> {
        let body = json!({ "url": url, "events": events });
        let answer = expect(201, client.post("/v1/webhooks", "demo-webhook", &body).await)?;
        let secret = answer.body["data"]["secret"].as_str().unwrap_or_default();
        let secret = Secret::parse(secret).map_err(|error| failed(format!("the endpoint's secret {error}")))?;
        self.request("POST /v1/webhooks", &format!("201: this process listens at {url}"))?;
        Ok(secret)
    }

    /// Creates a conversation and returns its id.
    pub(super) async fn ask(
        &mut self,
        client: &Client,
        path: &str,
        status: u16,
        body: &Value,
    ) -> Result<String, Error> {
        let answer = expect(status, client.post(path, "demo-conversation", body).await)?;
        let data = &answer.body["data"];
        let conversation = data["conversationId"].as_str().unwrap_or_default().to_owned();
        let now = data["status"].as_str().unwrap_or_default();
        self.request(&format!("POST {path}"), &format!("{status}: {now}, conversation {conversation}"))?;
        Ok(conversation)
    }

    /// Verifies a webhook and stores its event. Prints a remark if the event has arrived before.
    pub(super) fn hear(&mut self, webhook: &Webhook, awaited: &Awaited, heard: &mut Heard) -> Result<(), Error> {
        let event = webhook.event();
        let name = event["event"].as_str().unwrap_or("an unreadable webhook");
        let verified = webhook.verify(&awaited.secret, self.clock.now());
        verified.map_err(|error| failed(format!("the signature of {name} does not verify: {error}")))?;
        if event["conversationId"] != awaited.conversation {
            return Err(failed(format!("{name} belongs to another conversation")));
        }
        let arrived = Arrived { name: name.to_owned(), data: event["data"].clone() };
        let is_new = heard.take_in(event["sequence"].as_u64().unwrap_or(0), arrived, name == awaited.last);
        if is_new { Ok(()) } else { self.event(name, "once more: a receiver tells it by its id") }
    }
}

/// Returns the answer if it has this status, or an error with its message.
pub(super) fn expect(status: u16, answer: io::Result<Answer>) -> Result<Answer, Error> {
    let answer = answer.map_err(|error| failed(format!("the API does not answer: {error}")))?;
    if answer.status == status {
        return Ok(answer);
    }
    let message = answer.body["error"]["message"].as_str().or(answer.body["message"].as_str());
    Err(failed(format!(
        "the API answered {} instead of {status}: {}",
        answer.status,
        message.unwrap_or("no reason given")
    )))
}
