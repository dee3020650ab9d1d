//! Scripts of simulated calls. The state of a call follows from its script and the time.

use domain::call::{Analysis, AnsweredBy, Cost, Report, Role, Utterance};
use domain::end_reason::EndReason;
use domain::ended_by::EndedBy;
use domain::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::SimulatedCall;

/// Behavior of a simulated call. The last four digits of the called number choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// All other numbers: rings, is answered, completes.
    Complete,
    /// 0001: busy.
    Busy,
    /// 0002: no answer.
    NoAnswer,
    /// 0003: voicemail.
    Voicemail,
    /// 0004: the provider refuses the call.
    Rejected,
    /// 0005: the provider refuses the number as invalid.
    InvalidDestination,
    /// 0006: the provider times out after placing the call. Its callbacks come.
    TimesOutAfterPlacing,
    /// 0007: the provider answers 500 and has not placed the call.
    Fails,
    /// 0008: the provider answers 429 twice, then accepts.
    SlowDown,
    /// 0009: every callback comes twice, and in reverse order.
    TwiceAndReversed,
    /// 0010: the call is accepted, and no callback or poll tells of it again.
    Lost,
    /// 0011: the call is answered, and stays in progress until it is closed.
    Stays,
    /// 0012: the provider times out after placing the call, and sends no callbacks.
    TimesOutAndSilent,
}

/// Answer of the simulator to "place this call".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Place,
    PlaceAndTimeOut,
    Refuse { status: u16, meaning: Option<EndReason> },
    TooManyRequests,
}

/// Stage of a call that is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Start of ringing.
    Ringing,
    /// Answer of the call.
    Answered,
    /// End of the call.
    Ended,
    /// Transcript, recording and price.
    Transcript,
    /// Analysis of the call.
    Analysis,
}

const STAGES: [Stage; 5] = [Stage::Ringing, Stage::Answered, Stage::Ended, Stage::Transcript, Stage::Analysis];

const RINGS_AFTER: Span = Span::seconds(1);
const ANSWERED_AFTER: Span = Span::seconds(2);
const GIVES_UP_AFTER: Span = Span::seconds(4);
const ENDS_AFTER: Span = Span::seconds(5);
const TRANSCRIPT_LAG: Span = Span::seconds(1);
const ANALYSIS_LAG: Span = Span::seconds(2);

impl Script {
    pub(super) fn answer(self, attempt: u32) -> Answer {
        match self {
            Self::Rejected => Answer::Refuse { status: 400, meaning: Some(EndReason::REJECTED) },
            Self::InvalidDestination => Answer::Refuse { status: 400, meaning: Some(EndReason::INVALID_DESTINATION) },
            Self::Fails => Answer::Refuse { status: 500, meaning: None },
            Self::SlowDown if attempt <= 2 => Answer::TooManyRequests,
            Self::TimesOutAfterPlacing | Self::TimesOutAndSilent => Answer::PlaceAndTimeOut,
            Self::Complete
            | Self::Busy
            | Self::NoAnswer
            | Self::Voicemail
            | Self::SlowDown
            | Self::TwiceAndReversed
            | Self::Lost
            | Self::Stays => Answer::Place,
        }
    }

    /// Returns `true` if calls with this script send callbacks.
    fn calls_back(self) -> bool {
        !matches!(self, Self::Lost | Self::TimesOutAndSilent)
    }

    pub(super) fn answers_polls(self) -> bool {
        self != Self::Lost
    }

    pub(super) fn answers_searches(self) -> bool {
        !matches!(self, Self::Lost | Self::Fails)
    }

    /// Returns the kind of callee that answers, if one does.
    fn answerer(self) -> Option<AnsweredBy> {
        match self {
            Self::Busy | Self::NoAnswer | Self::Rejected | Self::InvalidDestination | Self::Fails | Self::Lost => None,
            Self::Voicemail => Some(AnsweredBy::Machine),
            Self::Complete
            | Self::TimesOutAfterPlacing
            | Self::SlowDown
            | Self::TwiceAndReversed
            | Self::Stays
            | Self::TimesOutAndSilent => Some(AnsweredBy::Human),
        }
    }
}

/// Timeline of a call, including a hang-up from our side.
struct Course {
    answered: Option<(Timestamp, AnsweredBy)>,
    over: Option<(Timestamp, EndReason)>,
}

fn course(call: &SimulatedCall) -> Course {
    let script = Script::of(&call.to);
    let placed = call.placed_at;
    let answered = script.answerer().map(|by| (placed + ANSWERED_AFTER, by));
    let longest = placed + ANSWERED_AFTER + Span::seconds(call.max_duration_seconds);
    let planned = match script {
        Script::Busy => Some((placed + RINGS_AFTER, EndReason::BUSY)),
        Script::NoAnswer => {
            let gives_up = GIVES_UP_AFTER.min(Span::seconds(call.ring_seconds));
            Some((placed + gives_up, EndReason::NO_ANSWER))
        }
        Script::Voicemail => Some((placed + ENDS_AFTER, EndReason::VOICEMAIL)),
        Script::Stays => Some((longest, EndReason::MAX_DURATION_EXCEEDED)),
        Script::Lost => None,
        Script::Complete
        | Script::Rejected
        | Script::InvalidDestination
        | Script::TimesOutAfterPlacing
        | Script::Fails
        | Script::SlowDown
        | Script::TwiceAndReversed
        | Script::TimesOutAndSilent => Some((placed + ENDS_AFTER, EndReason::COMPLETED)),
    };
    let hung_up = call.hung_up_at.map(|at| (at, EndReason::COMPLETED));
    let over = match (planned, hung_up) {
        (Some(planned), Some(hung_up)) if hung_up.0 < planned.0 => Some(hung_up),
        (Some(planned), _) => Some(planned),
        (None, hung_up) => hung_up,
    };
    let answered = answered.filter(|(at, _)| over.as_ref().is_none_or(|(over, _)| at < over));
    Course { answered, over }
}

/// Returns the time of a stage, if the call gets there.
fn moment(call: &SimulatedCall, stage: Stage) -> Option<Timestamp> {
    let course = course(call);
    let over = course.over.map(|(at, _)| at);
    match stage {
        Stage::Ringing => {
            let rings = call.placed_at + RINGS_AFTER;
            Some(rings).filter(|at| over.is_none_or(|over| *at < over))
        }
        Stage::Answered => course.answered.map(|(at, _)| at),
        Stage::Ended => over,
        Stage::Transcript => course.answered.and(over).map(|over| over + TRANSCRIPT_LAG),
        Stage::Analysis => course.answered.and(over).map(|over| over + ANALYSIS_LAG),
    }
}

/// Returns `true` if the call is over at this time.
pub(super) fn is_over(call: &SimulatedCall, now: Timestamp) -> bool {
    course(call).over.is_some_and(|(at, _)| at <= now)
}

/// Returns the callbacks of a call that was just placed, each with its time.
pub(super) fn callbacks(call: &SimulatedCall) -> Vec<(Timestamp, Stage)> {
    let script = Script::of(&call.to);
    if !script.calls_back() {
        return Vec::new();
    }
    let stages = STAGES.iter().filter_map(|stage| moment(call, *stage).map(|at| (at, *stage)));
    match script {
        // A callback cannot report a stage that lies ahead, so the reversed ones begin after the last stage.
        Script::TwiceAndReversed => {
            let all = moment(call, Stage::Analysis).unwrap_or(call.placed_at);
            STAGES
                .iter()
                .rev()
                .zip(0_u32..)
                .flat_map(|(stage, place)| [(all + Span::seconds(place), *stage); 2])
                .collect()
        }
        // The end lies too far ahead for the delay of a message. A poll reports it.
        Script::Stays => stages.filter(|(_, stage)| matches!(stage, Stage::Ringing | Stage::Answered)).collect(),
        Script::Complete
        | Script::Busy
        | Script::NoAnswer
        | Script::Voicemail
        | Script::Rejected
        | Script::InvalidDestination
        | Script::TimesOutAfterPlacing
        | Script::Fails
        | Script::SlowDown
        | Script::Lost
        | Script::TimesOutAndSilent => stages.collect(),
    }
}

/// Returns the callbacks of a call that was just hung up from our side, each with its time.
pub(super) fn callbacks_after_hang_up(call: &SimulatedCall) -> Vec<(Timestamp, Stage)> {
    if !Script::of(&call.to).calls_back() {
        return Vec::new();
    }
    [Stage::Ended, Stage::Transcript, Stage::Analysis]
        .into_iter()
        .filter_map(|stage| moment(call, stage).map(|at| (at, stage)))
        .collect()
}

/// Returns all reports on a call at this time.
pub(super) fn snapshot(call: &SimulatedCall, now: Timestamp) -> Vec<Report> {
    STAGES
        .into_iter()
        .filter(|stage| moment(call, *stage).is_some_and(|at| at <= now))
        .filter_map(|stage| report(call, stage))
        .flatten()
        .collect()
}

/// Returns the reports of a stage. `None` if the call never gets there.
pub(super) fn report(call: &SimulatedCall, stage: Stage) -> Option<Vec<Report>> {
    moment(call, stage)?;
    let course = course(call);
    let started_at = course.answered.map(|(at, _)| at);
    let answered_by = course.answered.map(|(_, by)| by);
    match stage {
        Stage::Ringing => Some(vec![Report::Ringing]),
        Stage::Answered => Some(vec![Report::Answered { at: started_at?, by: answered_by }]),
        Stage::Ended => {
            let (at, reason) = course.over?;
            let lasted = started_at.map(|started| at.since(started).as_seconds());
            let duration_seconds = Some(lasted.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(0));
            // Calls that complete are hung up by the callee.
            let ended_by = (reason == EndReason::COMPLETED).then_some(EndedBy::Callee);
            Some(vec![Report::Ended { at, reason, started_at, answered_by, duration_seconds, ended_by }])
        }
        Stage::Transcript => {
            let cost = Cost { amount_minor: 2, currency: "USD".to_owned() };
            let reference = call.call_id.clone();
            let utterances = utterances(answered_by?, started_at?);
            Some(vec![Report::Transcript { utterances }, Report::Recording { reference }, Report::Cost { cost }])
        }
        Stage::Analysis => Some(vec![Report::Analysis { analysis: analysis(answered_by?) }]),
    }
}

fn utterances(answered_by: AnsweredBy, started_at: Timestamp) -> Vec<Utterance> {
    let say = |role, content: &str, after| Utterance {
        role,
        content: content.to_owned(),
        at: started_at + Span::milliseconds(after),
    };
    match answered_by {
        AnsweredBy::Human => vec![
            say(Role::Customer, "Hello?", 100),
            say(Role::Agent, "Hello, this is a simulated call.", 600),
            say(Role::Customer, "Good to know. Goodbye.", 1_800),
        ],
        AnsweredBy::Machine => vec![
            say(Role::Customer, "Please leave a message after the tone.", 100),
            say(Role::Agent, "This is a simulated call. Goodbye.", 1_500),
        ],
    }
}

fn analysis(answered_by: AnsweredBy) -> Analysis {
    let (summary, successful) = match answered_by {
        AnsweredBy::Human => ("A simulated call that was answered by a person.", true),
        AnsweredBy::Machine => ("A simulated call that reached a voicemail box.", false),
    };
    Analysis {
        summary: summary.to_owned(),
        successful: Some(successful),
        sentiment: Some("neutral".to_owned()),
        opt_out: Some(false),
        custom: Map::from_iter([("simulated".to_owned(), Value::Bool(true))]),
    }
}

/// Returns a tenth of a second of silence as WAV: 8 kHz, mono, 8 bits.
pub(super) fn silence() -> Vec<u8> {
    const SAMPLES: u32 = 800;
    const RATE: u32 = 8_000;
    let mut wav = Vec::with_capacity(44 + 800);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + SAMPLES).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&8_u16.to_le_bytes());
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&SAMPLES.to_le_bytes());
    wav.resize(44 + 800, 0x80);
    wav
}
