//! Fake of Twilio's REST API. It follows twilio-oai and is not more forgiving.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::provider::Provider;
use domain::time::Timestamp;
use domain::voice_settings::VoiceSettings;
use hmac::{Hmac, KeyInit as _, Mac as _};
use providers::Bases;
use reqwest::Url;
use serde_json::{Value, json};
use sha1::Sha1;
use url::form_urlencoded;

use super::fake::Fake;
use super::script::Step;
use super::server::{Asked, Reaction};
use super::texting::{Delivery, Texting};
use super::vendor::{CreateOutcome, Kind, Told, Vendor};

/// Account SID.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Auth token of the account.
pub(crate) const TOKEN: &str = "the-auth-token";

/// Vendor's words for the end of a call.
const ENDS: [&str; 5] = ["completed", "busy", "failed", "no-answer", "canceled"];

/// Parameters of `POST Calls.json` that we may send, by twilio-oai's `twilio_api_v2010`.
const CALL_PARAMETERS: [&str; 19] = [
    "To",
    "From",
    "Url",
    "Method",
    "StatusCallback",
    "StatusCallbackMethod",
    "StatusCallbackEvent",
    "Timeout",
    "TimeLimit",
    "MachineDetection",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
    "Record",
    "RecordingStatusCallback",
    "RecordingStatusCallbackMethod",
    "RecordingStatusCallbackEvent",
    "RecordingChannels",
    "CallReason",
];
/// Parameters of `POST Messages.json` that we may send.
const MESSAGE_PARAMETERS: [&str; 4] = ["To", "From", "Body", "StatusCallback"];

/// Wire protocol of Twilio.
pub(crate) struct Twilio;

/// Signs an address and a form.
pub(crate) fn signature(address: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut message = address.split('#').next().unwrap().to_owned();
    for (name, value) in sorted {
        message.push_str(name);
        message.push_str(value);
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Encodes a form as it is sent.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Returns a recording, or the part of it that the range asks for.
fn part_of(content: &str, range: &str) -> Reaction {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Reaction::text(200, content);
    };
    let (size, number) = (content.len(), |digits: &str| digits.parse::<usize>().ok());
    let (first, last) = match (number(first), number(last)) {
        (Some(first), last) => (first, last.unwrap_or(size).min(size - 1)),
        (None, Some(bytes)) => (size.saturating_sub(bytes), size - 1),
        (None, None) => return Reaction::text(200, content),
    };
    if first >= size {
        return Reaction::empty(416);
    }
    let range = format!("bytes {first}-{last}/{size}");
    Reaction::with_header(206, "Content-Range", &range, &content[first..=last])
}

/// Returns the part of the path below the account, or `None` if the path is not below it.
fn below_account(asked: &Asked) -> Option<&str> {
    asked.path.strip_prefix(&format!("/2010-04-01/Accounts/{ACCOUNT}/"))
}

impl Vendor for Twilio {
    const PROVIDER: Provider = Provider::Twilio;
    const HOST: &'static str = "api.twilio.com";
    /// Number of retries that the callbacks' addresses ask for.
    const RETRIES: usize = 4;
    const HUNG_UP: &'static str = "completed";
    const STOPPED: &'static str = "completed";
    const BUSY: &'static str = "busy";
    const NO_ANSWER: &'static str = "no-answer";

    fn account() -> Value {
        json!({ "accountSid": ACCOUNT, "authToken": TOKEN })
    }

    fn voice() -> VoiceSettings {
        let opening = Some("Hello {{name}}, fish & chips?".to_owned());
        VoiceSettings { opening, record: true, detect_machines: true, ..VoiceSettings::default() }
    }

    fn bases(url: Url) -> Bases {
        Bases { twilio: Some(url), ..Bases::default() }
    }

    fn refusal(asked: &Asked) -> Option<Reaction> {
        let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
        let is_form = asked.header("content-type") == "application/x-www-form-urlencoded";
        if below_account(asked).is_none() {
            Some(error(404, 20_404))
        } else if asked.header("authorization") != expected {
            Some(error(401, 20_003))
        } else {
            (asked.method == "POST" && !is_form).then(|| error(415, 20_001))
        }
    }

    fn wish(asked: &Asked) -> Option<(Kind, Value)> {
        let kind = match (asked.method.as_str(), below_account(asked)?) {
            ("POST", "Calls.json") => Kind::Call,
            ("POST", "Messages.json") => Kind::Text,
            _ => return None,
        };
        Some((kind, asked.form()))
    }

    fn answer(fake: &Fake<Self>, asked: &Asked) -> Reaction {
        let path = below_account(asked).unwrap_or_default();
        let wanted = |made: &&CreateOutcome| {
            ["To", "From"].iter().all(|name| asked.query(name).is_none_or(|value| made.field(name) == Some(value)))
        };
        let newest_first = |made: Vec<CreateOutcome>| -> Vec<Value> {
            made.iter().rev().filter(wanted).map(|made| made.shown.clone()).collect()
        };
        match (asked.method.as_str(), path) {
            ("GET", "Calls.json") => page("calls", newest_first(fake.calls())),
            ("GET", "Messages.json") => page("messages", newest_first(fake.texts())),
            _ => match path.strip_prefix("Recordings/").and_then(|name| name.strip_suffix(".mp3")) {
                Some(id) => {
                    fake.recording(id).map_or(error(404, 20_404), |content| part_of(&content, asked.header("range")))
                }
                None => about_call(fake, asked, path),
            },
        }
    }

    fn check(kind: Kind, body: &Value) -> Result<(), (String, Reaction)> {
        let (known, needed): (&[&str], _) = match kind {
            Kind::Call => (&CALL_PARAMETERS, ["To", "From", "Url"]),
            Kind::Text => (&MESSAGE_PARAMETERS, ["To", "From", "Body"]),
        };
        let fields = body.as_object().expect("a form");
        let unknown = fields.keys().find(|name| !known.contains(&name.as_str())).map(String::as_str);
        let missing =
            needed.into_iter().find(|name| fields.get(*name).and_then(Value::as_str).is_none_or(str::is_empty));
        match unknown.or(missing) {
            Some(wrong) => Err((wrong.to_owned(), error(400, 21_201))),
            None => Ok(()),
        }
    }

    fn to(body: &Value) -> &str {
        body["To"].as_str().unwrap_or_default()
    }

    fn callback(body: &Value) -> &str {
        body["StatusCallback"].as_str().unwrap_or_default()
    }

    fn id(kind: Kind, number: usize) -> String {
        match kind {
            Kind::Call => format!("CA{number:032}"),
            Kind::Text => format!("SM{number:032}"),
        }
    }

    fn shown(kind: Kind, id: &str, body: &Value, at: Timestamp, _base: &str) -> Value {
        match kind {
            Kind::Call => json!({
                "sid": id, "status": "queued", "account_sid": ACCOUNT, "direction": "outbound-api",
                "to": body["To"], "from": body["From"], "date_created": rfc2822(at),
                "start_time": null, "end_time": null, "duration": null, "price": null, "price_unit": "USD",
                "answered_by": null, "queue_time": "0",
                "uri": format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{id}.json"),
            }),
            Kind::Text => json!({
                "sid": id, "status": "queued", "error_code": null, "error_message": null,
                "to": body["To"], "from": body["From"], "body": body["Body"],
                "direction": "outbound-api", "date_created": rfc2822(at), "num_segments": "1",
                "num_media": "0", "price": null, "messaging_service_sid": null,
            }),
        }
    }

    fn accepted(_kind: Kind, made: &CreateOutcome) -> Reaction {
        Reaction::json(201, &made.shown)
    }

    fn change(made: &CreateOutcome, step: Step, at: Timestamp) -> Value {
        match step {
            Step::Begins | Step::IsComplete => json!({}),
            Step::Rings => json!({ "status": "ringing" }),
            Step::IsAnswered => json!({ "status": "in-progress", "start_time": rfc2822(at) }),
            Step::IsDetected => json!({ "answered_by": "human" }),
            Step::Ends(word) if made.answered => {
                json!({ "status": word, "end_time": rfc2822(at), "duration": "7", "price": "-0.0130" })
            }
            // A call that was ended before it was answered is canceled.
            Step::Ends(_) if made.shown["status"] == "queued" => json!({ "status": "canceled" }),
            Step::Ends(word) => json!({ "status": word, "end_time": rfc2822(at), "duration": "0" }),
        }
    }

    fn told(made: &CreateOutcome, step: Step, at: Timestamp) -> Vec<Told> {
        let status = made.shown["status"].as_str().unwrap_or_default();
        let timestamp = rfc2822(at);
        let about = [("CallSid", made.id.as_str()), ("AccountSid", ACCOUNT), ("Timestamp", &timestamp)];
        let to = |address: &str, more: &[(&str, &str)]| {
            let fields: Vec<(&str, &str)> = about.iter().chain(more).copied().collect();
            let (url, body) = (made.field(address).unwrap_or_default().to_owned(), form(&fields));
            Told { url, content_type: "application/x-www-form-urlencoded", body, names_the_call: true }
        };
        let state = |status: &str| to("StatusCallback", &[("CallStatus", status)]);
        match step {
            Step::Begins => vec![state("initiated")],
            Step::Rings => vec![state("ringing")],
            Step::IsAnswered => vec![to("Url", &[("CallStatus", "in-progress")]), state("in-progress")],
            Step::IsDetected => vec![to("AsyncAmdStatusCallback", &[("AnsweredBy", "human")])],
            Step::Ends(_) if made.answered => {
                vec![to("StatusCallback", &[("CallStatus", status), ("CallDuration", "7")])]
            }
            Step::Ends(_) => vec![state(status)],
            Step::IsComplete if made.answered => {
                vec![to("RecordingStatusCallback", &[("RecordingSid", "RE01"), ("RecordingStatus", "completed")])]
            }
            Step::IsComplete => Vec::new(),
        }
    }

    fn signed(told: &Told, _at: Timestamp) -> Vec<(&'static str, String)> {
        let fields: Vec<_> = form_urlencoded::parse(told.body.as_bytes()).collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        vec![("x-twilio-signature", signature(&told.url, &fields))]
    }
}

impl Texting for Twilio {
    const LISTS_TEXTS: bool = true;

    fn content(text: &CreateOutcome) -> &str {
        text.field("Body").unwrap_or_default()
    }

    fn delivery(text: &CreateOutcome, state: Delivery) -> Told {
        let (status, code) = match state {
            Delivery::Queued => ("queued", ""),
            Delivery::Sent => ("sent", ""),
            Delivery::Delivered => ("delivered", ""),
            Delivery::Undelivered => ("undelivered", "30003"),
            Delivery::OptedOut => ("undelivered", "21610"),
            Delivery::New => ("nonsense", ""),
        };
        let body = form(&[("MessageSid", text.id.as_str()), ("MessageStatus", status), ("ErrorCode", code)]);
        let url = Self::callback(&text.asked).to_owned();
        Told { url, content_type: "application/x-www-form-urlencoded", body, names_the_call: true }
    }

    fn inbound(url: &str, id: &str, words: &str, answered: Option<&str>) -> Told {
        let media = [("NumMedia", "1"), ("MediaContentType0", "image/jpeg"), ("MediaUrl0", "https://m.example/1")];
        let id = format!("SM{id}");
        let mut fields = vec![
            ("MessageSid", id.as_str()),
            ("AccountSid", ACCOUNT),
            ("From", "+15555550123"),
            ("To", "+15555550100"),
            ("Body", words),
            ("OptOutType", answered.unwrap_or_default()),
        ];
        fields.extend(media.iter().filter(|_| words.is_empty()));
        let body = form(&fields);
        Told { url: url.to_owned(), content_type: "application/x-www-form-urlencoded", body, names_the_call: true }
    }

    fn opted_out() -> Reaction {
        error(400, 21_610)
    }

    fn codes() -> Vec<(u16, String, &'static str)> {
        let code = |status: u16, code: u32, reason| (status, format!("{{\"code\": {code}}}"), reason);
        vec![
            code(401, 20_003, "provider_unavailable"),
            code(400, 21_211, "invalid_destination"),
            code(400, 21_408, "destination_not_allowed"),
            code(400, 21_606, "invalid_sender"),
            code(400, 21_608, "destination_not_allowed"),
            code(400, 21_612, "invalid_destination"),
            code(400, 21_614, "invalid_destination"),
            code(400, 21_617, "rejected"),
            code(400, 21_659, "invalid_sender"),
        ]
    }
}

/// Answers a request that reads or ends one call.
fn about_call(fake: &Fake<Twilio>, asked: &Asked, path: &str) -> Reaction {
    let sid = path.strip_prefix("Calls/").and_then(|name| name.strip_suffix(".json")).unwrap_or_default();
    let Some(call) = fake.call(sid) else { return error(404, 20_404) };
    let status = call.shown["status"].as_str().unwrap_or_default();
    let is_over = ENDS.contains(&status);
    match (asked.method.as_str(), asked.form()["Status"].as_str()) {
        ("GET", _) => {}
        ("POST", Some("completed")) if !is_over => {
            fake.ends(sid);
            fake.becomes(sid, &json!({ "status": "completed" }));
        }
        ("POST", Some("canceled")) if !is_over && status != "in-progress" => {
            fake.ends(sid);
            fake.becomes(sid, &json!({ "status": "canceled" }));
        }
        _ => return error(400, 21_220),
    }
    fake.call(sid).map_or(error(404, 20_404), |call| Reaction::json(200, &call.shown))
}

fn page(name: &str, entries: Vec<Value>) -> Reaction {
    Reaction::json(200, &json!({ name: entries, "page": 0, "page_size": 50, "next_page_uri": null }))
}

fn error(status: u16, code: u32) -> Reaction {
    let more_info = "https://example.com";
    Reaction::json(status, &json!({ "code": code, "message": "refused", "more_info": more_info, "status": status }))
}

/// Formats a time as Twilio writes it.
fn rfc2822(at: Timestamp) -> String {
    let at = at.to_string();
    let (date, time) = at.split_once('T').unwrap();
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[month.parse::<usize>().unwrap() - 1];
    format!("{day} {month} {year} {} +0000", &time[..8])
}
