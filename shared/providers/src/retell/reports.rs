//! Translation of Retell's view of a call. A webhook, a listing and a poll are read in the same way, because Retell always
//! shows the whole call in its current state.

use domain::call::{Analysis, AnsweredBy, Cost, Report, Role, Utterance};
use domain::time::{Span, Timestamp};
use serde_json::{Map, Value};

use super::reasons::{Meaning, meaning};
use super::wire::{CallAnalysis, CallStatus, RetellCall, Speaker};
use crate::reading::{OPT_OUT_FIELDS, minor_units, moment, whole_seconds, yes_or_no};

/// Returns all reports that a call contains. `now` replaces times that the call does not tell.
///
/// `complete` means that missing parts will not come: Retell sends its webhook about an ended call after the transcript is
/// written.
pub(super) fn reports(call: &RetellCall, complete: bool, now: Timestamp) -> Vec<Report> {
    match call.call_status {
        None | Some(CallStatus::Registered) => Vec::new(),
        Some(CallStatus::Ongoing) => vec![Report::Answered { at: started_at(call).unwrap_or(now), by: None }],
        Some(CallStatus::NotConnected | CallStatus::Ended | CallStatus::Error) => over(call, complete, now),
    }
}

fn over(call: &RetellCall, complete: bool, now: Timestamp) -> Vec<Report> {
    let said = meaning(call.disconnection_reason.as_deref().unwrap_or("unspecified"));
    let connected = connected(call, &said);
    let at = call.end_timestamp.and_then(moment).unwrap_or(now);
    let duration = call.duration_ms.and_then(|milliseconds| whole_seconds(milliseconds / 1_000.0));
    let started_at = started_at(call).or_else(|| Some(at - Span::seconds(duration?))).unwrap_or(at);
    let mut reports = vec![Report::Ended {
        at,
        reason: said.reason.clone(),
        started_at: connected.then_some(started_at),
        answered_by: if connected { answered_by(call, &said) } else { None },
        duration_seconds: if connected { duration } else { Some(0) },
        ended_by: said.ended_by,
    }];
    if connected {
        reports.extend(transcript(call, complete, started_at));
        let recording = call.recording_url.as_deref().filter(|url| !url.is_empty());
        reports.extend(recording.map(|_| Report::Recording { reference: call.call_id.clone() }));
    }
    let cents = call.call_cost.as_ref().and_then(|cost| cost.combined_cost).and_then(minor_units);
    reports.extend(cents.map(|amount_minor| Report::Cost { cost: Cost { amount_minor, currency: "USD".to_owned() } }));
    reports.extend(call.call_analysis.as_ref().and_then(analysis).map(|analysis| Report::Analysis { analysis }));
    reports
}

/// Returns `true` if the call was answered. If the reason leaves it open, the status tells. A fault may come before or after
/// the answer, so the duration and the transcript decide then.
fn connected(call: &RetellCall, said: &Meaning) -> bool {
    let lasted = || call.duration_ms.is_some_and(|lasted| lasted > 0.0) || !call.transcript_object.is_empty();
    match (call.call_status, said.connected) {
        (Some(CallStatus::NotConnected), _) => false,
        (_, Some(connected)) => connected,
        (Some(CallStatus::Ended), None) => true,
        (Some(CallStatus::Error | CallStatus::Ongoing | CallStatus::Registered) | None, None) => lasted(),
    }
}

fn answered_by(call: &RetellCall, said: &Meaning) -> Option<AnsweredBy> {
    let in_voicemail = call.call_analysis.as_ref().and_then(|analysis| analysis.in_voicemail);
    if said.machine || in_voicemail == Some(true) { Some(AnsweredBy::Machine) } else { None }
}

fn started_at(call: &RetellCall) -> Option<Timestamp> {
    call.start_timestamp.and_then(moment)
}

/// Returns the transcript. An empty one is reported only if none will come, because an agent may be set to keep none.
fn transcript(call: &RetellCall, complete: bool, started_at: Timestamp) -> Option<Report> {
    let mut at = started_at;
    let mut utterances = Vec::with_capacity(call.transcript_object.len());
    for said in &call.transcript_object {
        let begun = said.words.first().and_then(|word| word.start).and_then(span);
        // An utterance without words gets the time of the one before it.
        at = begun.map_or(at, |begun| started_at + begun);
        let role = match said.role {
            Speaker::Agent | Speaker::TransferTarget => Role::Agent,
            Speaker::User => Role::Customer,
        };
        utterances.push(Utterance { role, content: said.content.clone(), at });
    }
    (complete || !utterances.is_empty()).then_some(Report::Transcript { utterances })
}

/// Converts an offset in the audio.
fn span(seconds: f64) -> Option<Span> {
    whole_seconds(seconds * 1_000.0).map(Span::milliseconds)
}

/// Returns the analysis, unless it is empty. A call that reached no callee has an empty one.
fn analysis(analysis: &CallAnalysis) -> Option<Analysis> {
    let custom: Map<String, Value> = analysis.custom_analysis_data.clone().unwrap_or_default();
    let summary = analysis.call_summary.clone().unwrap_or_default();
    if summary.trim().is_empty() && custom.is_empty() && analysis.call_successful.is_none() {
        return None;
    }
    let sentiment = analysis.user_sentiment.as_deref().map(str::to_lowercase).filter(|mood| mood != "unknown");
    let told = |field: &&str| custom.get(*field).and_then(yes_or_no);
    let said: Vec<bool> = OPT_OUT_FIELDS.iter().filter_map(told).collect();
    let opt_out = (!said.is_empty()).then(|| said.contains(&true));
    Some(Analysis { summary, successful: analysis.call_successful, sentiment, opt_out, custom })
}

#[cfg(test)]
mod tests;
