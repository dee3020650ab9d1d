//! Steps of conversations in the terminal: one short line each, as they are committed. The lines obey the rules for logs:
//! no message texts, and of a phone number only as much as a log may show.

mod call;
mod sms;
#[cfg(test)]
mod tests;
mod webhook;

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use domain::ids::{ConversationId, Mode};
use domain::log::Note;
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use serde_json::Value;
use store::clock::Clock;
use store::watch::{OfChannel, Step, Watcher};
use tracing::Level;

const SUBTLE: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Number of characters of a conversation's id that a line shows. They follow from a digest, and suffice to tell a few
/// conversations apart.
const ID_SHOWN: usize = 8;

/// Width of the column with the steps' names.
const NAME_WIDTH: usize = 15;

/// Creates an observer that prints each step to `out`, as long as the log filter shows this module's events of level INFO.
pub fn printer(out: impl Write + Send + 'static, clock: Clock) -> Watcher {
    let out = Mutex::new(out);
    Arc::new(move |step| {
        if !tracing::enabled!(Level::INFO) {
            return;
        }
        let now = clock.now();
        let text: String = lines(step).iter().map(|line| format!("{}\n", line.at(now))).collect();
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        // The stack keeps running if nobody reads its output.
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
    })
}

/// Conversation that a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct About {
    kind: &'static str,
    id: ConversationId,
    /// Time of creation, from which the line's own time is counted.
    since: Timestamp,
}

impl About {
    const fn call(id: ConversationId, since: Timestamp) -> Self {
        Self { kind: "call", id, since }
    }

    const fn sms(id: ConversationId, since: Timestamp) -> Self {
        Self { kind: "sms", id, since }
    }
}

/// Step in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    name: String,
    detail: String,
    style: Style,
}

impl Told {
    fn new(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), detail: detail.into(), style: STRONG }
    }

    fn good(self) -> Self {
        Self { style: GOOD, ..self }
    }

    fn bad(self) -> Self {
        Self { style: BAD, ..self }
    }

    /// Returns a note in the words in which the log stores it, with its reason.
    fn note(note: &Note) -> Option<Self> {
        let stored = serde_json::to_value(note).ok()?;
        let name = stored["note"].as_str()?.replace('_', " ");
        let detail = ["why", "reason"].iter().find_map(|field| stored[field].as_str());
        Some(Self::new(name, detail.unwrap_or_default()))
    }
}

/// Line of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    about: About,
    told: Told,
}

impl Line {
    fn at(&self, now: Timestamp) -> impl fmt::Display {
        let Self { about: About { kind, id, since }, told: Told { name, detail, style } } = self;
        let milliseconds = now.since(*since).as_milliseconds();
        let elapsed = format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100);
        let id: String = id.to_string().chars().take(ID_SHOWN).collect();
        let (width, gap) = if detail.is_empty() { (0, "") } else { (NAME_WIDTH, "  ") };
        format!("{SUBTLE}{kind:<4} {id} {elapsed:>8}{SUBTLE:#}  {style}{name:<width$}{style:#}{gap}{detail}")
    }
}

/// Returns the lines of a step. Many steps have none, because a client would not notice them.
fn lines(step: Step<'_>) -> Vec<Line> {
    let (about, told) = match step {
        Step::Created(OfChannel::Call(call)) => (About::call(call.id, call.created_at), vec![call::accepted(call)]),
        Step::Created(OfChannel::Sms(sms)) => (About::sms(sms.id, sms.created_at), vec![sms::opened(sms)]),
        Step::Changed { before: OfChannel::Call(before), after: OfChannel::Call(after), log } => {
            (About::call(after.id, after.created_at), call::changed(before, after, log))
        }
        Step::Changed { after: OfChannel::Sms(after), log, .. } => {
            (About::sms(after.id, after.created_at), sms::logged(Some(after), log))
        }
        // A change never turns a conversation of one channel into one of the other.
        Step::Changed { after: OfChannel::Call(_), .. } => return Vec::new(),
        Step::Unassigned { id, log, .. } => {
            let Some(first) = log.first() else { return Vec::new() };
            (About::sms(id, first.at), sms::logged(None, log))
        }
        Step::Attempted { before, after } => {
            (webhook::about(before), webhook::attempted(before, after).into_iter().collect())
        }
    };
    told.into_iter().map(|told| Line { about, told }).collect()
}

/// Returns a customer's number as a line may show it. The last four digits of a test number name the simulator's script.
fn redacted(number: &PhoneNumber, mode: Mode) -> String {
    match mode {
        Mode::Test => format!("…{}", number.last_four()),
        Mode::Live => format!("{number:?}"),
    }
}

/// Returns a value as the contract writes it, such as a status.
fn written(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => "?".to_owned(),
    }
}
