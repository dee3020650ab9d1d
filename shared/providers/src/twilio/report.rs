//! Translation of Twilio's callbacks and answers about calls and SMS messages.

use domain::call::{AnsweredBy, Cost, Report};
use domain::end_reason::EndReason;
use domain::ids::{ProviderCallId, ProviderMessageId};
use domain::phone::PhoneNumber;
use domain::sms::{DeliveryReport, DeliveryStatus, Inbound, Keyword};
use domain::time::{Span, Timestamp};
use serde::Deserialize;

use super::form::Form;
use super::{errors, is_sid, moment};
use crate::callback::{About, CallCallback};
use crate::sms::{ReceivedText, without_words};

/// Call, as the API shows it.
#[derive(Deserialize)]
pub(super) struct CallResource {
    pub(super) sid: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) to: Option<String>,
    #[serde(default)]
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) direction: Option<String>,
    #[serde(default)]
    pub(super) date_created: Option<String>,
    #[serde(default)]
    start_time: Option<String>,
    #[serde(default)]
    end_time: Option<String>,
    #[serde(default)]
    duration: Option<String>,
    #[serde(default)]
    answered_by: Option<String>,
    #[serde(default)]
    price: Option<String>,
    #[serde(default)]
    price_unit: Option<String>,
}

/// SMS message, as the API shows it.
#[derive(Deserialize)]
pub(super) struct MessageResource {
    pub(super) sid: String,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) to: Option<String>,
    #[serde(default)]
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) direction: Option<String>,
    #[serde(default)]
    pub(super) date_created: Option<String>,
    #[serde(default)]
    error_code: Option<u32>,
}

/// Facts about a call's state, from a callback or an answer.
struct State<'a> {
    status: &'a str,
    at: Timestamp,
    started_at: Option<Timestamp>,
    duration_seconds: Option<u32>,
    answered_by: Option<AnsweredBy>,
    sip: Option<u32>,
}

impl State<'_> {
    /// Translates the state of a call. The API has all states but `initiated`, which only callbacks have.
    fn report(self) -> Option<Report> {
        let is_machine = self.answered_by == Some(AnsweredBy::Machine);
        let reason = match self.status {
            "queued" | "initiated" => return None,
            "ringing" => return Some(Report::Ringing),
            "in-progress" => {
                let at = self.started_at.unwrap_or(self.at);
                return Some(Report::Answered { at, by: self.answered_by });
            }
            "completed" if is_machine => EndReason::VOICEMAIL,
            "completed" => EndReason::COMPLETED,
            "busy" => EndReason::BUSY,
            "no-answer" => EndReason::NO_ANSWER,
            "canceled" => EndReason::ADMIN_CLOSED,
            "failed" => failure(self.sip),
            // An unknown state is ignored. The next report will have a known one.
            _ => return None,
        };
        let lasted = Span::seconds(self.duration_seconds.unwrap_or(0));
        let connected = self.status == "completed";
        Some(Report::Ended {
            at: self.at,
            reason,
            started_at: connected.then(|| self.started_at.unwrap_or(self.at - lasted)),
            answered_by: self.answered_by,
            duration_seconds: connected.then_some(self.duration_seconds).flatten(),
            // Twilio does not tell which side hung up.
            ended_by: None,
        })
    }
}

/// Returns the reason of a failed call, by the SIP status of the network behind Twilio if it is known.
fn failure(sip: Option<u32>) -> EndReason {
    match sip {
        Some(486 | 600) => EndReason::BUSY,
        Some(408 | 480 | 487) => EndReason::NO_ANSWER,
        Some(401..=403 | 407 | 603 | 607 | 608) => EndReason::REJECTED,
        Some(500..=599) => EndReason::PROVIDER_UNAVAILABLE,
        // Twilio says: "Most likely because the provided number was invalid".
        Some(_) | None => EndReason::INVALID_DESTINATION,
    }
}

fn answered_by(word: Option<&str>) -> Option<AnsweredBy> {
    match word? {
        "human" => Some(AnsweredBy::Human),
        "fax" => Some(AnsweredBy::Machine),
        word if word.starts_with("machine") => Some(AnsweredBy::Machine),
        _ => None,
    }
}

impl CallResource {
    /// Returns all reports that the API's view of a call contains.
    pub(super) fn reports(&self, now: Timestamp) -> Vec<Report> {
        let ended_at = self.end_time.as_deref().and_then(moment);
        let state = State {
            status: &self.status,
            at: ended_at.unwrap_or(now),
            started_at: self.start_time.as_deref().and_then(moment),
            duration_seconds: self.duration.as_deref().and_then(|text| text.parse().ok()),
            answered_by: answered_by(self.answered_by.as_deref()),
            sip: None,
        };
        state.report().into_iter().chain(self.cost().map(|cost| Report::Cost { cost })).collect()
    }

    /// Returns the price. Twilio gives it as a negative decimal, and late. Currencies without cents are left out.
    fn cost(&self) -> Option<Cost> {
        let currency = self.price_unit.as_deref().filter(|unit| CURRENCIES_WITH_CENTS.contains(unit))?;
        let units: f64 = self.price.as_deref()?.parse().ok()?;
        let cents = (units.abs() * 100.0).round();
        let is_sound = cents.is_finite() && cents < 1e9;
        // The rounded number is whole, positive and small, so its digits are those of an integer.
        let amount_minor = is_sound.then(|| format!("{cents:.0}").parse().ok()).flatten()?;
        Some(Cost { amount_minor, currency: currency.to_owned() })
    }

    /// Returns `true` if the call is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "busy" | "failed" | "no-answer" | "canceled")
    }

    /// Returns `true` if the call has not been answered yet.
    pub(super) fn is_before_answer(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "ringing")
    }
}

const CURRENCIES_WITH_CENTS: [&str; 6] = ["USD", "EUR", "GBP", "CAD", "AUD", "CHF"];

impl MessageResource {
    /// Returns the delivery report that the API's view of a message contains.
    pub(super) fn report(&self) -> DeliveryReport {
        delivery(&self.sid, self.status.as_deref(), self.error_code).unwrap_or_else(|| DeliveryReport {
            provider_message_id: ProviderMessageId::new(self.sid.clone()),
            status: DeliveryStatus::Queued,
            error_code: None,
            opted_out: false,
        })
    }
}

/// Translates a delivery status. Returns `None` for a status that no sent message has.
fn delivery(sid: &str, status: Option<&str>, error_code: Option<u32>) -> Option<DeliveryReport> {
    let status = match status? {
        "accepted" | "scheduled" | "queued" | "sending" => DeliveryStatus::Queued,
        "sent" | "partially_delivered" => DeliveryStatus::Sent,
        "delivered" | "read" => DeliveryStatus::Delivered,
        "undelivered" => DeliveryStatus::Undelivered,
        "failed" | "canceled" => DeliveryStatus::Failed,
        _ => return None,
    };
    Some(DeliveryReport {
        provider_message_id: ProviderMessageId::new(sid),
        status,
        error_code: error_code.map(|code| code.to_string()),
        opted_out: error_code == Some(errors::OPTED_OUT),
    })
}

/// Parses a callback about a call: a change of its state, what answered, a recording. One address takes them all. Returns `None` if
/// it is about no call.
pub fn call_callback(body: &[u8], now: Timestamp) -> Option<CallCallback> {
    let form = Form::parse(body);
    let sid = form.get("CallSid").filter(|sid| is_sid(sid, &["CA"]))?;
    let number = |name: &str| form.get(name).and_then(|text| text.parse::<u32>().ok());
    let by = answered_by(form.get("AnsweredBy"));
    let state = form.get("CallStatus").map(|status| State {
        status,
        at: form.get("Timestamp").and_then(moment).unwrap_or(now),
        started_at: None,
        duration_seconds: number("CallDuration"),
        answered_by: by,
        sip: number("SipResponseCode"),
    });
    let mut reports: Vec<Report> = match state {
        Some(state) => state.report().into_iter().collect(),
        // The result of the machine detection, some seconds after the answer.
        None => by.map(|by| Report::Answered { at: now, by: Some(by) }).into_iter().collect(),
    };
    let is_recorded = form.get("RecordingStatus").is_none_or(|status| status == "completed");
    let recording = form.get("RecordingSid").filter(|sid| is_recorded && is_sid(sid, &["RE"]));
    reports.extend(recording.map(|sid| Report::Recording { reference: sid.to_owned() }));
    Some(CallCallback { about: About::Address, call_id: Some(ProviderCallId::new(sid)), reports })
}

/// Parses the request for the TwiML of an answered call. It reports the answer, and nothing else. Returns `None` if it is about no
/// call.
pub fn answer_callback(body: &[u8], now: Timestamp) -> Option<CallCallback> {
    let callback = call_callback(body, now)?;
    let by = callback.reports.iter().find_map(|report| match report {
        Report::Answered { by, .. } => *by,
        Report::Ringing
        | Report::Ended { .. }
        | Report::Transcript { .. }
        | Report::Recording { .. }
        | Report::Analysis { .. }
        | Report::Cost { .. } => None,
    });
    Some(CallCallback { reports: vec![Report::Answered { at: now, by }], ..callback })
}

/// Parses a delivery report. Returns `None` if it has no known status.
pub fn delivery_of(body: &[u8]) -> Option<DeliveryReport> {
    let form = Form::parse(body);
    let sid = message_sid(&form)?;
    let status = form.get("MessageStatus").or_else(|| form.get("SmsStatus"));
    let error_code = form.get("ErrorCode").and_then(|code| code.parse().ok());
    delivery(sid, status, error_code)
}

/// Parses a customer's SMS message. Returns `None` if it was not sent between two phone numbers.
pub fn text_of(body: &[u8]) -> Option<ReceivedText> {
    let form = Form::parse(body);
    let sid = message_sid(&form)?;
    let number = |name: &str| PhoneNumber::parse(form.get(name)?).ok();
    let carrier_keyword = match form.get("OptOutType") {
        Some("STOP") => Some(Keyword::Stop),
        Some("START") => Some(Keyword::Start),
        Some("HELP") => Some(Keyword::Help),
        Some(_) | None => None,
    };
    let content = form.get("Body").map_or_else(|| media(&form), str::to_owned);
    let provider_message_id = ProviderMessageId::new(sid);
    let inbound = Inbound { provider_message_id, content, carrier_keyword };
    Some(ReceivedText { from: number("From")?, to: number("To")?, inbound })
}

fn message_sid(form: &Form) -> Option<&str> {
    let sid = form.get("MessageSid").or_else(|| form.get("SmsSid"));
    sid.filter(|sid| is_sid(sid, &["SM", "MM"]))
}

/// Returns the stand-in text for a message with pictures and no words.
fn media(form: &Form) -> String {
    let count = form.get("NumMedia").and_then(|count| count.parse::<u32>().ok()).unwrap_or(0);
    let kinds: Vec<&str> =
        (0..count.min(10)).filter_map(|index| form.get(&format!("MediaContentType{index}"))).collect();
    without_words(&kinds)
}
