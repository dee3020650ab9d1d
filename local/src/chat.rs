//! `cargo run -- chat SLUG`: an SMS conversation with one's own agent in the terminal. The user types as the customer.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::Args;
use domain::time::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::Error;
use crate::client::{Answer, Client};

/// Customer's number. In the simulator's script, this customer sends nothing by themselves.
const CUSTOMER: &str = "+15555550123";
/// Number that the agent sends from, if it has none of its own.
const OURS: &str = "+15555550110";
/// Opening message of a managed agent, if the user gives none.
const WELCOME: &str = "Hello! How can I help you?";
/// Interval at which the chat polls for news. A typed line is answered within seconds.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Number of polls for the last answer after the input has ended. It is the time that a turn may take, three times
/// over.
const LAST_LOOKS: u32 = 5 * 60 * 5;

const AGENT: Style = AnsiColor::Green.on_default();
const SUBTLE: Style = Style::new().dimmed();

/// Arguments of the chat: the agent and its model.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// The agent
    pub slug: String,
    /// Let this model speak for the agent: an address of chat completions, such as http://127.0.0.1:11434/v1 [default: a scripted one]
    #[arg(long, value_name = "URL")]
    pub model: Option<String>,
    /// The model's name there [default: the one in the agent's settings]
    #[arg(long, value_name = "NAME", requires = "model")]
    pub model_name: Option<String>,
    /// The name of its API key in the file of secrets [default: none]
    #[arg(long, value_name = "NAME", requires = "model")]
    pub key_name: Option<String>,
    /// Opening message, if the agent does not open by itself
    #[arg(long, value_name = "TEXT")]
    pub welcome: Option<String>,
    /// A value for a placeholder of the agent's
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Returns the typed lines until the input ends. A thread reads them, because a terminal cannot be read asynchronously.
pub fn typed() -> mpsc::UnboundedReceiver<String> {
    let (send, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Open conversation, with the progress of its display.
struct Held<'a, W> {
    client: &'a Client,
    out: W,
    id: String,
    ours: String,
    texts_shown: u64,
    events_shown: u64,
    awaits_answer: bool,
}

/// Runs a conversation until it ends, or until the input has ended and the last message is answered.
///
/// # Errors
/// [`Error::Chat`] with one line that gives the reason.
pub async fn run(
    chat: &Chat,
    client: &Client,
    mut typed: mpsc::UnboundedReceiver<String>,
    out: impl Write,
    now: Timestamp,
) -> Result<(), Error> {
    let opened = open(chat, client, now).await?;
    let id = text(&opened, "conversationId")?;
    let path = format!("/v1/sms-conversations/{id}");
    let ours = text(&got(client.get(&path).await, 200)?, "fromNumber")?;
    let mut held = Held { client, out, id, ours, texts_shown: 0, events_shown: 0, awaits_answer: false };
    held.say(SUBTLE, "You are the customer. An empty line or Ctrl-D ends the conversation.")?;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut looks_left = None;
    loop {
        let is_over = held.show().await?;
        let has_waited = looks_left.is_some_and(|left| left == 0 || !held.awaits_answer);
        if is_over {
            return Ok(());
        }
        if has_waited {
            return held.close().await;
        }
        tokio::select! {
            line = typed.recv(), if looks_left.is_none() => match line.filter(|line| !line.trim().is_empty()) {
                Some(line) => held.customer_texts(line.trim()).await?,
                None => looks_left = Some(LAST_LOOKS),
            },
            _ = looks.tick() => looks_left = looks_left.map(|left: u32| left.saturating_sub(1)),
        }
    }
}

/// Opens the conversation. If the agent does not open by itself, the request is repeated with an opening message.
async fn open(chat: &Chat, client: &Client, now: Timestamp) -> Result<Value, Error> {
    let variables: Map<String, Value> =
        chat.variables.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let request = |welcome: Option<&str>| {
        let mut body =
            json!({ "agentSlug": chat.slug, "toNumber": CUSTOMER, "fromNumber": OURS, "dynamicVariables": variables });
        if let Some(welcome) = welcome {
            body["welcomeMessage"] = json!(welcome);
        }
        body
    };
    let key = |name: &str| format!("chat-{name}-{}", now.as_milliseconds());
    let path = "/v1/sms-conversations";
    let first = client.post(path, &key("first"), &request(chat.welcome.as_deref())).await;
    let wants_welcome = |answer: &Answer| {
        let details = answer.body["error"]["details"].as_array();
        details.is_some_and(|details| details.len() == 1 && details[0]["field"] == "welcomeMessage")
    };
    match first {
        Ok(answer) if answer.status == 400 && chat.welcome.is_none() && wants_welcome(&answer) => {
            got(client.post(path, &key("second"), &request(Some(WELCOME))).await, 201)
        }
        answer => got(answer, 201),
    }
}

impl<W: Write> Held<'_, W> {
    fn say(&mut self, style: Style, line: &str) -> Result<(), Error> {
        writeln!(self.out, "{style}{line}{style:#}").and_then(|()| self.out.flush()).map_err(Error::Output)
    }

    async fn customer_texts(&mut self, content: &str) -> Result<(), Error> {
        let body = json!({ "from": CUSTOMER, "to": self.ours, "content": content });
        got(self.client.post("/_local/sms", "chat-text", &body).await, 202)?;
        self.awaits_answer = true;
        Ok(())
    }

    /// Shows news of the conversation. Returns `true` if the conversation has ended.
    async fn show(&mut self) -> Result<bool, Error> {
        let path = format!("/v1/sms-conversations/{}", self.id);
        let conversation = got(self.client.get(&path).await, 200)?;
        for event in self.all("events").await? {
            let number = event["sequence"].as_u64().unwrap_or_default();
            if number <= self.events_shown {
                continue;
            }
            self.events_shown = number;
            let data = &event["data"];
            let told = match event["event"].as_str() {
                Some("sms.turn_failed") => format!("[no answer: {}]", data["reason"].as_str().unwrap_or("?")),
                Some("sms.tool_call_invocation") => {
                    format!("[calls {} with {}]", data["name"].as_str().unwrap_or("?"), data["arguments"])
                }
                Some("sms.tool_call_result") => format!("[{}]", data["outcome"].as_str().unwrap_or("?")),
                _ => continue,
            };
            self.awaits_answer &= event["event"] != "sms.turn_failed";
            self.say(SUBTLE, &told)?;
        }
        for text in self.all("messages").await? {
            let number = text["sequenceNumber"].as_u64().unwrap_or_default();
            if number <= self.texts_shown {
                continue;
            }
            self.texts_shown = number;
            if text["direction"] == "outbound" {
                self.awaits_answer &= number == 1;
                let content = text["content"].as_str().unwrap_or_default().to_owned();
                self.say(AGENT, &content)?;
            }
        }
        self.awaits_answer &= conversation["silence"].is_null();
        if conversation["status"] == "ended" {
            let reason = conversation["endReason"].as_str().unwrap_or("?").to_owned();
            self.say(SUBTLE, &format!("[the conversation has ended: {reason}]"))?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Returns all entries of one of the conversation's lists.
    async fn all(&self, list: &str) -> Result<Vec<Value>, Error> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/sms-conversations/{}/{list}?limit=100{cursor}", self.id);
            let answer = self.client.get(&path).await.map_err(|error| Error::Chat(error.to_string()))?;
            all.extend(answer.body["data"].as_array().cloned().unwrap_or_default());
            match answer.body["meta"]["pagination"]["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    async fn close(&mut self) -> Result<(), Error> {
        let path = format!("/v1/sms-conversations/{}/close", self.id);
        got(self.client.post(&path, "chat-close", &json!({ "reason": "chat_over" })).await, 200).map(drop)
    }
}

/// Returns the data of an answer with the expected status, or an error with the reasons in the answer.
fn got(answer: io::Result<Answer>, status: u16) -> Result<Value, Error> {
    let answer = answer.map_err(|error| Error::Chat(format!("the stack does not answer: {error}")))?;
    if answer.status == status {
        return Ok(answer.body.get("data").cloned().unwrap_or(answer.body));
    }
    let error = &answer.body["error"];
    let mut said = error["message"].as_str().unwrap_or("no reason given").to_owned();
    for wrong in error["details"].as_array().into_iter().flatten() {
        let part = |name: &str| wrong[name].as_str().unwrap_or_default();
        said.push_str(&format!("; {} {}", part("field"), part("message")));
    }
    Err(Error::Chat(format!("answered {}: {said}", answer.status)))
}

fn text(data: &Value, field: &str) -> Result<String, Error> {
    data[field].as_str().map(str::to_owned).ok_or_else(|| Error::Chat(format!("the answer has no {field}")))
}
