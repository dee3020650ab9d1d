//! Translation of Vapi's view of a call.

use domain::call::{Analysis, AnsweredBy, Cost, Report, Role, Utterance};
use domain::ids::ProviderCallId;
use domain::provider::Provider;
use domain::time::Timestamp;
use serde_json::{Map, Value};

use super::reasons::{Meaning, meaning};
use super::wire::{Artifact, ServerMessage, Speaker, Status, VapiAnalysis, VapiCall};
use crate::callback::{About, CallCallback};
use crate::reading::{OPT_OUT_FIELDS, callback_json, minor_units, moment, moment_of, yes_or_no};

/// Parses a server message about a call. Returns `None` if it is about none, or about no stage of the call.
pub fn call_callback(body: &[u8], now: Timestamp) -> Option<CallCallback> {
    let call = callback_json::<ServerMessage>(Provider::Vapi, body)?.into_call()?;
    Some(CallCallback {
        about: About::Call(call.attempt()),
        reports: reports(&call, now),
        call_id: Some(ProviderCallId::new(call.id)),
    })
}

/// Returns all reports that a call contains. `now` replaces times that the call does not tell.
pub(super) fn reports(call: &VapiCall, now: Timestamp) -> Vec<Report> {
    match call.news.status {
        // If the call's data is gone, nothing is known of it. Its absence tells that it is over.
        None | Some(Status::Scheduled | Status::Queued | Status::NotFound | Status::DeletionFailed) => Vec::new(),
        Some(Status::Ringing) => vec![Report::Ringing],
        Some(Status::InProgress | Status::Forwarding) => {
            vec![Report::Answered { at: started_at(call).unwrap_or(now), by: None }]
        }
        Some(Status::Ended) => over(call, now),
    }
}

fn over(call: &VapiCall, now: Timestamp) -> Vec<Report> {
    let said = meaning(call.news.ended_reason.as_deref().unwrap_or("unspecified"));
    let artifact = call.news.artifact.as_ref();
    let connected = connected(artifact, &said);
    let at = call.news.ended_at.as_deref().and_then(moment_of).unwrap_or(now);
    let started_at = started_at(call).unwrap_or(at);
    let lasted = u32::try_from(at.since(started_at).as_seconds()).ok();
    let mut reports = vec![Report::Ended {
        at,
        reason: said.reason.clone(),
        started_at: connected.then_some(started_at),
        answered_by: (connected && said.machine).then_some(AnsweredBy::Machine),
        duration_seconds: if connected { lasted } else { Some(0) },
        ended_by: said.ended_by,
    }];
    if connected {
        reports.extend(transcript(artifact, call.complete, started_at));
        let recorded = artifact.is_some_and(|artifact| recording(artifact).is_some());
        reports.extend(recorded.then(|| Report::Recording { reference: call.id.clone() }));
    }
    let cents = call.news.cost.and_then(|dollars| minor_units(dollars * 100.0));
    // The cost is final once nothing more will come.
    let cents = cents.filter(|_| call.complete);
    reports.extend(cents.map(|amount_minor| Report::Cost { cost: Cost { amount_minor, currency: "USD".to_owned() } }));
    reports.extend(call.news.analysis.as_ref().and_then(analysis).map(|analysis| Report::Analysis { analysis }));
    reports
}

/// Returns the URL at which a recording can be fetched without credentials.
pub(super) fn recording(artifact: &Artifact) -> Option<&str> {
    let urls = [&artifact.presigned_mono_url, &artifact.recording_url];
    urls.into_iter().flatten().map(String::as_str).find(|url| url.starts_with("https://"))
}

/// Returns `true` if the call was answered. If the reason leaves it open, words of the callee in the transcript prove it.
fn connected(artifact: Option<&Artifact>, said: &Meaning) -> bool {
    let heard = || artifact.is_some_and(|artifact| artifact.messages.iter().any(|said| said.role == Speaker::User));
    said.connected.unwrap_or_else(heard)
}

fn started_at(call: &VapiCall) -> Option<Timestamp> {
    call.news.started_at.as_deref().and_then(moment_of)
}

/// Returns the transcript. An empty one is reported only if none will come.
fn transcript(artifact: Option<&Artifact>, complete: bool, started_at: Timestamp) -> Option<Report> {
    let mut at = started_at;
    let mut utterances = Vec::new();
    for said in artifact.iter().flat_map(|artifact| &artifact.messages) {
        at = said.time.and_then(moment).unwrap_or(at);
        let role = match said.role {
            Speaker::Bot => Role::Agent,
            Speaker::User => Role::Customer,
        };
        utterances.push(Utterance { role, content: said.message.clone(), at });
    }
    (complete || !utterances.is_empty()).then_some(Report::Transcript { utterances })
}

/// Returns the analysis, unless it is empty.
fn analysis(analysis: &VapiAnalysis) -> Option<Analysis> {
    let custom: Map<String, Value> = analysis.structured_data.clone().unwrap_or_default();
    let summary = analysis.summary.clone().unwrap_or_default();
    let successful = analysis.success_evaluation.as_ref().and_then(successful);
    if summary.trim().is_empty() && custom.is_empty() && successful.is_none() {
        return None;
    }
    let said: Vec<bool> = OPT_OUT_FIELDS.iter().filter_map(|field| custom.get(*field).and_then(yes_or_no)).collect();
    let opt_out = (!said.is_empty()).then(|| said.contains(&true));
    Some(Analysis { summary, successful, sentiment: None, opt_out, custom })
}

/// Returns the result of a yes-or-no rubric. Other rubrics give marks or words, which are ignored.
fn successful(evaluation: &Value) -> Option<bool> {
    match evaluation {
        Value::Bool(successful) => Some(*successful),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        Value::String(_) | Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
