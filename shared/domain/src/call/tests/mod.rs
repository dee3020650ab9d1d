//! Tests of the rules of a call: scenarios, and every pair of a state and an input.

mod alphabet;
mod answer_rules;
mod dispatch_rules;
mod end_rules;
mod invariants;
mod pairs;

use std::collections::BTreeMap;

use super::{Analysis, Call, DEFAULT_WINDOW, Input, NewCall, Outcome, Report, Step, Window, step};
use crate::agent::AgentRef;
use crate::end_reason::EndReason;
use crate::ids::{AgentId, ConversationId, Mode, Operation, OrganizationId, ProviderCallId, Scope};
use crate::limits::Limits;
use crate::log::{Entry, EventType};
use crate::objections::Objections;
use crate::phone::PhoneNumber;
use crate::places::{Places, Taken};
use crate::provider::Provider;
use crate::time::{Span, Timestamp};

/// Time at which each call of these tests is accepted.
const START: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

fn accepted() -> Call {
    accepted_for(Window { not_before: START, not_after: START + DEFAULT_WINDOW })
}

fn accepted_for(window: Window) -> Call {
    let scope = Scope { organization: OrganizationId::parse("acme").unwrap(), mode: Mode::Test };
    let new = NewCall {
        id: ConversationId::for_key(&scope, Operation::CreateCall, "key"),
        fingerprint: "v1:0".to_owned(),
        agent: AgentRef {
            id: AgentId::for_slug(&scope.organization, "demo"),
            slug: "demo".to_owned(),
            name: String::new(),
            version: 1,
        },
        scope,
        provider: Provider::Simulator,
        to: PhoneNumber::parse("+15555550123").unwrap(),
        from: PhoneNumber::parse("+15555550100").unwrap(),
        window,
        limits: Limits::default(),
        contact: None,
        hold: None,
        retention: None,
        request_id: None,
    };
    Call::accept(new, START)
}

/// Returns the time that many seconds after the acceptance.
fn at(seconds: u32) -> Timestamp {
    START + Span::seconds(seconds)
}

/// Returns a provider's id for a call.
fn id(text: &str) -> ProviderCallId {
    ProviderCallId::new(text)
}

/// Call, and the events that happened to it so far.
#[derive(Clone)]
struct History {
    call: Call,
    events: Vec<EventType>,
    last: Option<Step>,
}

impl History {
    fn new() -> Self {
        Self::of(accepted())
    }

    fn of(call: Call) -> Self {
        Self { call, events: Vec::new(), last: None }
    }

    /// Applies an input, so many seconds after the acceptance.
    fn then(mut self, seconds: u32, input: Input) -> Self {
        let step = step(&self.call, input, at(seconds));
        for entry in &step.log {
            if let Entry::Event { event, .. } = &entry.entry {
                self.events.push(event.event_type());
            }
        }
        self.call = step.call.clone();
        self.last = Some(step);
        self
    }

    /// Returns the attempt that the last input claimed.
    fn claimed(&self) -> Option<u32> {
        self.last.as_ref().and_then(|step| step.claimed)
    }

    fn end_reason(&self) -> Option<&str> {
        self.call.end_reason.as_ref().map(EndReason::as_str)
    }
}

fn close() -> Input {
    Input::Close { reason: EndReason::ADMIN_CLOSED }
}

fn claim() -> Input {
    Input::Claim { objections: Objections::NONE, places: None }
}

/// Returns a claim with `limit` concurrency slots, of which `taken` are in use.
fn limited(limit: u32, taken: i64) -> Input {
    let taken = Taken { total: taken, by_hour: BTreeMap::from([(i64::MAX, taken)]) };
    Input::Claim { objections: Objections::NONE, places: Some(Places { limit, taken }) }
}

/// Returns a claim with all concurrency slots in use.
fn full() -> Input {
    limited(3, 3)
}

fn outcome(attempt: u32, outcome: Outcome) -> Input {
    Input::Outcome { attempt, outcome }
}

fn placed_as(call: &str) -> Outcome {
    Outcome::Accepted { id: id(call) }
}

fn not_placed(retry_after: Option<Span>) -> Outcome {
    Outcome::NotPlaced { retry_after, why: "429".to_owned() }
}

fn refused() -> Outcome {
    Outcome::Refused { reason: EndReason::REJECTED, why: "422".to_owned() }
}

fn unknown() -> Outcome {
    Outcome::Unknown { why: "timeout".to_owned() }
}

fn heard(attempt: u32, call: &str, reports: &[Report]) -> Input {
    Input::Heard { attempt, call_id: id(call), reports: reports.to_vec() }
}

fn found(attempt: u32, call: &str, reports: &[Report]) -> Input {
    Input::Searched { attempt, found: Some((id(call), reports.to_vec())) }
}

fn not_found(attempt: u32) -> Input {
    Input::Searched { attempt, found: None }
}

fn polled(call: &str, reports: Option<&[Report]>) -> Input {
    Input::Polled { call_id: id(call), reports: reports.map(<[Report]>::to_vec) }
}

fn hung_up(call: &str, confirmed: bool) -> Input {
    Input::HungUp { call_id: id(call), confirmed }
}

/// Returns the report that the call was answered, so many seconds after the acceptance.
fn answered(seconds: u32) -> Report {
    Report::Answered { at: at(seconds), by: None }
}

/// Returns the report that the call is over, so many seconds after the acceptance.
fn over(seconds: u32, reason: EndReason) -> Report {
    Report::Ended {
        at: at(seconds),
        reason,
        started_at: None,
        answered_by: None,
        duration_seconds: None,
        ended_by: None,
    }
}

fn analysis(opt_out: bool) -> Report {
    Report::Analysis {
        analysis: Analysis {
            summary: "They talked.".to_owned(),
            successful: Some(true),
            sentiment: None,
            opt_out: Some(opt_out),
            custom: serde_json::Map::new(),
        },
    }
}

fn transcript() -> Report {
    let hello = super::Utterance { role: super::Role::Agent, content: "Hello.".to_owned(), at: START };
    Report::Transcript { utterances: vec![hello] }
}
