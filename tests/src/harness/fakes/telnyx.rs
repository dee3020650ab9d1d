//! Fake of Telnyx's Call Control. It follows telnyx-node b9b12ca and is not more forgiving.

use domain::provider::Provider;
use domain::time::Timestamp;
use domain::voice_settings::VoiceSettings;
use providers::Bases;
use reqwest::Url;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::fake::Fake;
use super::script::Step;
use super::server::{Asked, Reaction};
use super::texting::{Delivery, Texting};
use super::vendor::{CreateOutcome, Kind, Told, Vendor};

/// API key by which the fake authenticates us.
pub(crate) const KEY: &str = "KEY_fake";
/// Id of the Call Control application.
pub(crate) const CONNECTION: &str = "connection_1";

/// Wire protocol of Telnyx.
pub(crate) struct Telnyx;

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a seed has 32 bytes")
}

/// Returns the headers that sign an event.
pub(crate) fn signature(body: &str, seconds: i64) -> Vec<(&'static str, String)> {
    let signature = pair().sign(format!("{seconds}|{body}").as_bytes());
    vec![("telnyx-timestamp", seconds.to_string()), ("telnyx-signature-ed25519", super::base64(signature.as_ref()))]
}

impl Vendor for Telnyx {
    const PROVIDER: Provider = Provider::Telnyx;
    const HOST: &'static str = "api.telnyx.com";
    const RETRIES: usize = 2;
    const HUNG_UP: &'static str = "normal_clearing";
    const STOPPED: &'static str = "normal_clearing";
    const BUSY: &'static str = "user_busy";
    const NO_ANSWER: &'static str = "timeout";

    fn account() -> Value {
        let public_key = super::base64(pair().public_key().as_ref());
        json!({ "apiKey": KEY, "publicKey": public_key, "connectionId": CONNECTION })
    }

    fn voice() -> VoiceSettings {
        VoiceSettings {
            relay_url: Some("wss://relay.example/talk".to_owned()),
            detect_machines: true,
            record: true,
            ..VoiceSettings::default()
        }
    }

    fn bases(url: Url) -> Bases {
        // The vendor's own base URL has a path. All resources are below it.
        Bases { telnyx: Some(url.join("v2").expect("a path")), ..Bases::default() }
    }

    fn refusal(asked: &Asked) -> Option<Reaction> {
        (asked.header("authorization") != format!("Bearer {KEY}")).then(|| error(401, "10009", ""))
    }

    fn wish(asked: &Asked) -> Option<(Kind, Value)> {
        let kind = match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/v2/calls") => Kind::Call,
            ("POST", "/v2/messages") => Kind::Text,
            _ => return None,
        };
        Some((kind, asked.json()))
    }

    fn answer(fake: &Fake<Self>, asked: &Asked) -> Reaction {
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("GET", ["v2", "calls", id]) => match fake.call(id) {
                Some(call) => Reaction::json(200, &json!({ "data": call.shown })),
                None => error(404, "10005", ""),
            },
            ("POST", ["v2", "calls", id, "actions", "hangup"]) => {
                if fake.ends(id) {
                    Reaction::json(200, &json!({ "data": { "result": "ok" } }))
                } else {
                    error(422, "90018", "")
                }
            }
            ("GET", ["v2", "connections", CONNECTION, "active_calls"]) => {
                let alive: Vec<Value> =
                    fake.calls().into_iter().filter(|call| call.over_at.is_none()).map(|call| call.shown).collect();
                Reaction::json(200, &json!({ "data": alive, "meta": { "total_pages": 1 } }))
            }
            ("GET", ["v2", "recordings"]) => {
                let urls = json!({ "download_urls": { "mp3": "https://recordings.example/fake.mp3" } });
                Reaction::json(200, &json!({ "data": [urls], "meta": { "total_pages": 1 } }))
            }
            _ => {
                fake.violated(format!("{} {}", asked.method, asked.path));
                error(404, "10005", "")
            }
        }
    }

    fn check(kind: Kind, body: &Value) -> Result<(), (String, Reaction)> {
        let checked = match kind {
            Kind::Call => check(body),
            Kind::Text => check_text(body),
        };
        checked.map_err(|field| {
            let refusal = error(422, "10015", &format!("/{field}"));
            (field, refusal)
        })
    }

    fn to(body: &Value) -> &str {
        body["to"].as_str().unwrap_or_default()
    }

    fn callback(body: &Value) -> &str {
        body["webhook_url"].as_str().unwrap_or_default()
    }

    /// Returns `true` for a second command with the same id. Telnyx ignores it and answers with the first call.
    fn is_same(made: &CreateOutcome, body: &Value) -> bool {
        body["command_id"].is_string() && made.asked["command_id"] == body["command_id"]
    }

    fn id(kind: Kind, number: usize) -> String {
        match kind {
            Kind::Call => format!("v3:fake-{number}"),
            Kind::Text => format!("40385f64-5717-4562-b3fc-{number:012}"),
        }
    }

    fn shown(kind: Kind, id: &str, body: &Value, _at: Timestamp, _base: &str) -> Value {
        if kind == Kind::Text {
            return json!({
                "id": id, "record_type": "message", "direction": "outbound", "type": "SMS", "parts": 1, "errors": [],
                "from": { "phone_number": body["from"] }, "to": [{ "phone_number": body["to"], "status": "queued" }],
                "text": body["text"], "webhook_url": body["webhook_url"],
            });
        }
        // A call that is only being dialled is not alive yet.
        json!({
            "call_control_id": id,
            "call_leg_id": "leg",
            "call_session_id": "session",
            "client_state": body["client_state"],
            "is_alive": false,
            "record_type": "call",
        })
    }

    fn accepted(_kind: Kind, made: &CreateOutcome) -> Reaction {
        Reaction::json(200, &json!({ "data": made.shown }))
    }

    fn change(_made: &CreateOutcome, step: Step, at: Timestamp) -> Value {
        match step {
            Step::Begins | Step::Rings | Step::IsDetected | Step::IsComplete => json!({}),
            Step::IsAnswered => json!({ "is_alive": true }),
            Step::Ends(_) => json!({ "is_alive": false, "end_time": at.to_string() }),
        }
    }

    fn told(made: &CreateOutcome, step: Step, at: Timestamp) -> Vec<Told> {
        let (event, fields) = match step {
            Step::Begins => ("call.initiated", json!({})),
            Step::IsAnswered => ("call.answered", json!({})),
            Step::IsDetected => ("call.machine.detection.ended", json!({ "result": "human" })),
            Step::Ends(cause) => {
                ("call.hangup", json!({ "hangup_cause": cause, "sip_hangup_cause": sip(cause, made.answered) }))
            }
            Step::IsComplete if made.answered => {
                let urls = json!({ "mp3": "https://r.example/1" });
                ("call.recording.saved", json!({ "call_control_id": null, "recording_urls": urls }))
            }
            Step::Rings | Step::IsComplete => return Vec::new(),
        };
        let mut payload = json!({
            "call_control_id": made.id,
            "call_leg_id": "leg",
            "call_session_id": "session",
            "connection_id": CONNECTION,
            "client_state": made.asked["client_state"],
            "from": made.asked["from"],
            "to": made.asked["to"],
            "start_time": made.created_at.to_string(),
        });
        payload.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let names_the_call = payload["call_control_id"].is_string();
        let data = json!({
            "record_type": "event", "event_type": event, "id": event, "occurred_at": at.to_string(), "payload": payload,
        });
        let body = json!({ "data": data, "meta": { "attempt": 1 } }).to_string();
        let url = Self::callback(&made.asked).to_owned();
        vec![Told { url, content_type: "application/json", body, names_the_call }]
    }

    fn signed(told: &Told, at: Timestamp) -> Vec<(&'static str, String)> {
        signature(&told.body, at.as_seconds())
    }
}

/// Returns a webhook about an SMS message.
fn about_text(url: &str, event: &str, payload: &Value) -> Told {
    let data = json!({ "record_type": "event", "event_type": event, "id": "event", "payload": payload });
    let body = json!({ "data": data, "meta": { "attempt": 1, "delivered_to": url } }).to_string();
    Told { url: url.to_owned(), content_type: "application/json", body, names_the_call: true }
}

impl Texting for Telnyx {
    const LISTS_TEXTS: bool = false;

    fn content(text: &CreateOutcome) -> &str {
        text.field("text").unwrap_or_default()
    }

    fn delivery(text: &CreateOutcome, state: Delivery) -> Told {
        let (event, status, errors) = match state {
            Delivery::Queued => ("message.sent", "queued", json!([])),
            Delivery::Sent => ("message.sent", "sent", json!([])),
            Delivery::Delivered => ("message.finalized", "delivered", json!([])),
            Delivery::Undelivered => {
                ("message.finalized", "delivery_failed", json!([{ "code": "40008", "title": "Undeliverable" }]))
            }
            Delivery::OptedOut => {
                let error = json!([{ "code": "40300", "title": "Blocked due to STOP message" }]);
                ("message.finalized", "delivery_failed", error)
            }
            Delivery::New => ("message.finalized", "nonsense", json!([])),
        };
        let mut payload = text.shown.clone();
        payload["to"][0]["status"] = json!(status);
        payload["errors"] = errors;
        about_text(Self::callback(&text.asked), event, &payload)
    }

    fn inbound(url: &str, id: &str, words: &str, answered: Option<&str>) -> Told {
        let picture = json!([{ "content_type": "image/jpeg", "url": "https://m.example/1" }]);
        let payload = json!({
            "id": id, "record_type": "message", "direction": "inbound", "type": "SMS", "parts": 1, "errors": [],
            "from": { "phone_number": "+15555550123" },
            "to": [{ "phone_number": "+15555550100", "status": "webhook_delivered" }],
            "text": words, "media": if words.is_empty() { picture } else { json!([]) },
            "autoresponse_type": answered,
        });
        about_text(url, "message.received", &payload)
    }

    fn opted_out() -> Reaction {
        let error = json!({ "code": "40300", "title": "Blocked due to STOP message", "detail": "blocked" });
        Reaction::json(400, &json!({ "errors": [error] }))
    }

    fn codes() -> Vec<(u16, String, &'static str)> {
        let code = |status: u16, code: &str, pointer: &str, reason| {
            let error = json!({ "code": code, "title": "no", "source": { "pointer": pointer } });
            (status, json!({ "errors": [error] }).to_string(), reason)
        };
        vec![
            code(401, "10009", "", "provider_unavailable"),
            code(422, "10002", "/to", "invalid_destination"),
            code(422, "10016", "/from", "invalid_sender"),
            code(400, "40300", "", "rejected"),
            code(400, "40305", "", "invalid_sender"),
            code(400, "40306", "", "invalid_sender"),
            code(400, "40309", "", "destination_not_allowed"),
            code(400, "40310", "", "invalid_destination"),
            code(403, "40314", "", "provider_unavailable"),
            code(400, "40318", "", "provider_unavailable"),
            code(400, "99999", "", "rejected"),
        ]
    }
}

/// Returns the SIP status behind the end of a call.
fn sip(cause: &str, answered: bool) -> &'static str {
    match cause {
        _ if answered => "200",
        "user_busy" => "486",
        "timeout" | "originator_cancel" | "normal_clearing" => "487",
        "not_found" => "404",
        "call_rejected" => "603",
        _ => "500",
    }
}

fn error(status: u16, code: &str, pointer: &str) -> Reaction {
    Reaction::json(status, &json!({ "errors": [{ "code": code, "title": "no", "source": { "pointer": pointer } }] }))
}

/// Checks a request for a call against the vendor's published types. Returns the first wrong field.
fn check(body: &Value) -> Result<(), String> {
    const FIELDS: [&str; 15] = [
        "connection_id",
        "from",
        "to",
        "webhook_url",
        "webhook_url_method",
        "client_state",
        "command_id",
        "timeout_secs",
        "time_limit_secs",
        "answering_machine_detection",
        "record",
        "record_format",
        "record_channels",
        "conversation_relay_config",
        "assistant",
    ];
    let body = body.as_object().ok_or("body")?;
    if let Some(field) = body.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(field.clone());
    }
    let between = |field: &str, least: u64, most: u64| {
        let within = body.get(field).and_then(Value::as_u64).is_some_and(|value| (least..=most).contains(&value));
        if within { Ok(()) } else { Err(field.to_owned()) }
    };
    between("timeout_secs", 5, 600)?;
    between("time_limit_secs", 1, 14_400)?;
    for (field, value) in [("connection_id", CONNECTION), ("webhook_url_method", "POST")] {
        if body.get(field).is_none_or(|is| is != value) {
            return Err(field.to_owned());
        }
    }
    for field in ["from", "to"] {
        let number = body.get(field).and_then(Value::as_str).unwrap_or_default();
        if !number.starts_with('+') {
            return Err(field.to_owned());
        }
    }
    Ok(())
}

/// Checks a request for an SMS message against the vendor's published types. Returns the first wrong field.
fn check_text(body: &Value) -> Result<(), String> {
    const FIELDS: [&str; 6] = ["from", "to", "text", "type", "webhook_url", "use_profile_webhooks"];
    let object = body.as_object().ok_or("body")?;
    if let Some(field) = object.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(field.clone());
    }
    for field in ["from", "to"] {
        if !body[field].as_str().is_some_and(|number| number.starts_with('+')) {
            return Err(field.to_owned());
        }
    }
    let holds = [
        ("text", body["text"].as_str().is_some_and(|text| !text.is_empty())),
        ("type", body["type"] == "SMS"),
        ("webhook_url", body["webhook_url"].as_str().is_some_and(|url| url.starts_with("https://"))),
        ("use_profile_webhooks", body["use_profile_webhooks"].is_boolean()),
    ];
    holds.iter().find(|(_, holds)| !holds).map_or(Ok(()), |(field, _)| Err((*field).to_owned()))
}
