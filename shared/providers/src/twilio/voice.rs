//! Twilio's voice adapter.

use domain::call::{Call, Dispatch, Outcome, Report};
use domain::ids::ProviderCallId;
use domain::payload::Content;
use domain::voice_settings::VoiceSettings;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, header};
use serde::Deserialize;
use store::{DialPermit, Pace};

use super::errors::meaning;
use super::form::Form;
use super::report::CallResource;
use super::{Account, PAGE, RETRIES, Twilio, is_sid, made_in_time};
use crate::account::Unusable;
use crate::callback;
use crate::client::{KEEP_BYTES, Reply, wire};
use crate::outcome::classify;
use crate::part::Part;
use crate::voice::{Candidate, Found, ProviderError, Recording, SearchResult, VoiceProvider};

/// Maximum size of a recording that is handed on, in bytes. A Lambda answer may have 6 MB, and Base64 adds a third.
const MOST_RECORDING_BYTES: usize = 4 * 1024 * 1024;

/// Call states that Twilio reports. By default it reports the end only.
const STATUS_EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];

/// Page of the list of calls.
#[derive(Deserialize)]
struct Calls {
    calls: Vec<CallResource>,
}

/// Builds the form that places the call of an attempt (Twilio's `POST Calls.json`).
fn creation(call: &Call, attempt: u32, voice: &VoiceSettings, public_url: &str) -> Form {
    let callback = |kind: &str| format!("{}{RETRIES}", callback::of_call(public_url, call, attempt, kind));
    let (answer, status) = (callback("answer"), callback("status"));
    let ring = call.limits.ring_seconds.to_string();
    let longest = call.limits.max_duration_seconds.to_string();
    let mut form = Form::of([
        ("To", call.to.as_str()),
        ("From", call.from.as_str()),
        ("Url", answer.as_str()),
        ("Method", "POST"),
        ("StatusCallback", status.as_str()),
        ("StatusCallbackMethod", "POST"),
        ("Timeout", ring.as_str()),
        ("TimeLimit", longest.as_str()),
    ]);
    for event in STATUS_EVENTS {
        form.add("StatusCallbackEvent", event);
    }
    if voice.detect_machines {
        form.add("MachineDetection", "Enable");
        // The detection runs beside the call, so the callee does not wait for it.
        form.add("AsyncAmd", "true");
        form.add("AsyncAmdStatusCallback", status.as_str());
        form.add("AsyncAmdStatusCallbackMethod", "POST");
    }
    if voice.record {
        form.add("Record", "true");
        form.add("RecordingStatusCallback", status.as_str());
        form.add("RecordingStatusCallbackMethod", "POST");
        form.add("RecordingStatusCallbackEvent", "completed");
    }
    form
}

fn call_id(reply: &Reply) -> Option<ProviderCallId> {
    let call: CallResource = reply.json()?;
    is_sid(&call.sid, &["CA"]).then(|| ProviderCallId::new(call.sid))
}

impl Twilio {
    async fn place(&self, permit: &DialPermit, content: &Content) -> Result<Outcome, Unusable> {
        let call = permit.call();
        let account = self.account(&call.scope.organization).await?;
        let public_url = self.accounts.public_url().await?;
        let nothing = VoiceSettings::default();
        let form = creation(call, permit.attempt(), content.voice.as_ref().unwrap_or(&nothing), &public_url);
        let replied = self.ask_to_make(&call.scope.organization, &account, "Calls.json", form).await;
        Ok(classify(wire(replied, call_id, meaning)))
    }

    async fn find(&self, call: &Call) -> Result<SearchResult<Found>, ProviderError> {
        let Dispatch::Unknown(unknown) = call.dispatch else { return Ok(SearchResult::NotFound) };
        let account = self.account(&call.scope.organization).await?;
        let query = Form::of([("To", call.to.as_str()), ("From", call.from.as_str()), ("PageSize", PAGE)]);
        let page: Option<Calls> = self.look(&account, "Calls.json", Some(query)).await?;
        let now = self.client.clock().now();
        let is_alike = |found: &CallResource| {
            found.to.as_deref() == Some(call.to.as_str())
                && found.from.as_deref() == Some(call.from.as_str())
                && found.direction.as_deref() == Some("outbound-api")
                && is_sid(&found.sid, &["CA"])
        };
        let calls = page.map(|page| page.calls).unwrap_or_default().into_iter();
        let alike = calls.filter(is_alike).filter_map(|found| {
            let made_at = made_in_time(found.date_created.as_deref(), unknown.since)?;
            let over = found.is_over();
            Some(Candidate { found: (ProviderCallId::new(found.sid.clone()), found.reports(now)), made_at, over })
        });
        Ok(SearchResult::Candidates(alike.collect()))
    }

    async fn read(&self, account: &Account, call_id: &ProviderCallId) -> Result<Option<CallResource>, ProviderError> {
        if !is_sid(call_id.as_str(), &["CA"]) {
            return Ok(None);
        }
        self.look(account, &format!("Calls/{call_id}.json"), None).await
    }

    /// Ends a call: by `completed`, and if the call is still queued or ringing after that, by `canceled`.
    async fn end(&self, call: &Call, call_id: &ProviderCallId) -> Result<bool, ProviderError> {
        let account = self.account(&call.scope.organization).await?;
        for status in ["completed", "canceled"] {
            let path = format!("Calls/{call_id}.json");
            let form = Form::of([("Status", status)]);
            let reply = self.ask(&account, Method::POST, &path, Some(form), KEEP_BYTES).await?;
            if reply.status == 404 {
                return Ok(true);
            }
            // After a refusal the call's state is read, because the call may be over already.
            let shown = if reply.is_success() { reply.json() } else { self.read(&account, call_id).await? };
            match shown {
                Some(shown) if CallResource::is_over(&shown) => return Ok(true),
                Some(shown) if CallResource::is_before_answer(&shown) => {}
                Some(_) | None => return Ok(false),
            }
        }
        Ok(false)
    }

    async fn fetch_recording(
        &self,
        call: &Call,
        reference: &str,
        part: Option<Part>,
    ) -> Result<Option<Recording>, ProviderError> {
        if !is_sid(reference, &["RE"]) {
            return Ok(None);
        }
        let account = self.account(&call.scope.organization).await?;
        let path = format!("Recordings/{reference}.mp3");
        let mut question = self.question(&account, Method::GET, &path, None, MOST_RECORDING_BYTES)?;
        // Twilio does not document answers with a part. The whole recording will do, if it is not too large.
        let part = part.map(|part| part.at_most(MOST_RECORDING_BYTES as u64).to_string());
        if let Some(part) = part.and_then(|part| HeaderValue::try_from(part).ok()) {
            question.headers.insert(header::RANGE, part);
        }
        let reply = self.client.ask(question).await?;
        let inline = |range| Some(Recording::Inline { content_type: "audio/mpeg", bytes: reply.body, range });
        match (reply.status, reply.location) {
            (404, _) => Ok(None),
            (200 | 206, _) if reply.cut => Ok(Some(Recording::TooLarge)),
            (200, _) => Ok(inline(None)),
            (206, _) if reply.content_range.is_some() => Ok(inline(reply.content_range)),
            (416, _) => Ok(Some(Recording::Shorter)),
            (301 | 302 | 303 | 307 | 308, Some(elsewhere)) => Ok(Some(Recording::Redirect(elsewhere))),
            (status, _) => Err(ProviderError::new(format!("the provider answered {status}"))),
        }
    }
}

impl VoiceProvider for Twilio {
    fn pace<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Option<Pace>> {
        self.accounts.pace::<Account>(&call.scope.organization).boxed()
    }

    fn create<'a>(&'a self, permit: DialPermit, content: &'a Content) -> BoxFuture<'a, Outcome> {
        async move { self.place(&permit, content).await.unwrap_or_else(Unusable::outcome) }.boxed()
    }

    fn search<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<SearchResult<Found>, ProviderError>> {
        self.find(call).boxed()
    }

    fn poll<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<Option<Vec<Report>>, ProviderError>> {
        async move {
            let account = self.account(&call.scope.organization).await?;
            let now = self.client.clock().now();
            Ok(self.read(&account, call_id).await?.map(|shown| shown.reports(now)))
        }
        .boxed()
    }

    fn hang_up<'a>(
        &'a self,
        call: &'a Call,
        call_id: &'a ProviderCallId,
    ) -> BoxFuture<'a, Result<bool, ProviderError>> {
        self.end(call, call_id).boxed()
    }

    fn recording<'a>(
        &'a self,
        call: &'a Call,
        reference: &'a str,
        part: Option<Part>,
    ) -> BoxFuture<'a, Result<Option<Recording>, ProviderError>> {
        self.fetch_recording(call, reference, part).boxed()
    }
}
