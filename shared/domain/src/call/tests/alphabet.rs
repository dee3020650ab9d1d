//! All inputs that the rules distinguish, and the times at which they are tried.

use super::{
    accepted, analysis, claim, close, found, full, heard, hung_up, not_found, not_placed, outcome, placed_as, polled,
    refused, transcript, unknown,
};
use crate::call::{AnsweredBy, Call, Cost, Input, Report};
use crate::conversation::Conversation;
use crate::end_reason::EndReason;
use crate::objections::Objections;
use crate::time::{Span, Timestamp};

/// Provider's calls that an input may name.
const CALLS: [&str; 2] = ["A", "B"];

/// Returns all inputs for a call in this state at this time.
pub(super) fn inputs(call: &Call, now: Timestamp) -> Vec<Input> {
    let mut inputs = vec![
        close(),
        claim(),
        Input::Claim { objections: Objections::SUPPRESSED, places: None },
        Input::Claim { objections: Objections::SUSPENDED, places: None },
        full(),
        Input::Tick,
        Input::Pace { from: super::at(40) },
        Input::Abandon,
    ];
    for attempt in [call.attempt.saturating_sub(1), call.attempt, call.attempt + 1] {
        inputs.extend([
            outcome(attempt, placed_as("A")),
            outcome(attempt, placed_as("B")),
            outcome(attempt, not_placed(None)),
            outcome(attempt, not_placed(Some(Span::hours(1)))),
            outcome(attempt, refused()),
            outcome(attempt, unknown()),
            not_found(attempt),
            found(attempt, "A", &[Report::Ringing]),
            found(attempt, "A", &reports_of_a_whole_call(now)),
            heard(attempt, "B", &[Report::Ringing]),
            heard(attempt, "B", &[ended(now)]),
        ]);
    }
    let told = [
        vec![Report::Ringing],
        vec![Report::Answered { at: now, by: Some(AnsweredBy::Human) }],
        vec![ended(now)],
        reports_of_a_whole_call(now),
        vec![transcript()],
        vec![Report::Transcript { utterances: Vec::new() }],
        vec![analysis(true)],
        vec![Report::Recording { reference: "r".to_owned() }, Report::Cost { cost: cost() }],
    ];
    inputs.extend(told.iter().map(|reports| heard(call.attempt, "A", reports)));
    for id in CALLS {
        inputs.extend([hung_up(id, true), hung_up(id, false), polled(id, None), polled(id, Some(&[]))]);
        inputs.push(polled(id, Some(&reports_of_a_whole_call(now))));
    }
    inputs
}

/// Returns the times at which an input is tried: now, and around the deadline of every pending action.
pub(super) fn moments(call: &Call, now: Timestamp) -> Vec<Timestamp> {
    let instant = Span::milliseconds(1);
    let around = |at: Timestamp| [at - instant, at, at + instant];
    let mut moments: Vec<Timestamp> = call.obligations().iter().flat_map(|owed| around(owed.at)).collect();
    moments.retain(|moment| *moment > now);
    moments.push(now);
    moments.sort_unstable();
    moments.dedup();
    moments
}

fn ended(now: Timestamp) -> Report {
    Report::Ended {
        at: now,
        reason: EndReason::NO_ANSWER,
        started_at: None,
        answered_by: None,
        duration_seconds: Some(0),
        ended_by: None,
    }
}

fn reports_of_a_whole_call(now: Timestamp) -> Vec<Report> {
    let over = Report::Ended {
        at: now,
        reason: EndReason::COMPLETED,
        started_at: Some(now - Span::seconds(20)),
        answered_by: Some(AnsweredBy::Human),
        duration_seconds: Some(20),
        ended_by: None,
    };
    vec![Report::Ringing, over, transcript(), analysis(false)]
}

fn cost() -> Cost {
    Cost { amount_minor: 3, currency: "USD".to_owned() }
}

#[test]
fn the_alphabet_has_every_kind_of_input_and_report() {
    let call = accepted();
    let inputs = format!("{:?}", inputs(&call, call.created_at));
    for word in ["Close", "Claim", "Outcome", "Heard", "Searched", "Polled", "HungUp", "Tick", "Abandon"] {
        assert!(inputs.contains(word), "{word}");
    }
    for word in ["Accepted", "NotPlaced", "Refused", "Unknown", "Ringing", "Answered", "Ended", "Transcript"] {
        assert!(inputs.contains(word), "{word}");
    }
    for word in ["Recording", "Analysis", "Cost"] {
        assert!(inputs.contains(word), "{word}");
    }
}
