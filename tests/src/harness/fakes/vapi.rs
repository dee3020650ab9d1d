//! Fake of Vapi. It follows the OpenAPI document in VapiAI/docs eabfa53 and is not more forgiving.

use domain::digest::hex;
use domain::provider::Provider;
use domain::time::Timestamp;
use domain::voice_settings::VoiceSettings;
use providers::Bases;
use reqwest::Url;
use serde_json::{Value, json};

use super::fake::Fake;
use super::script::Step;
use super::server::{Asked, Reaction};
use super::vendor::{CreateOutcome, Kind, Told, Vendor};

/// API key by which the fake authenticates us.
pub(crate) const KEY: &str = "vapi_fake";
/// Secret that signs messages.
pub(crate) const SECRET: &str = "a shared secret";
/// Our number, in E.164.
const OURS: &str = "+15555550100";
/// Vapi's id of our number.
pub(crate) const NUMBER: &str = "number-1";

/// Wire protocol of Vapi.
pub(crate) struct Vapi;

/// Returns the headers that sign a message, by the plan that an account has by default.
pub(crate) fn signature(body: &str, seconds: i64) -> Vec<(&'static str, String)> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hex(ring::hmac::sign(&key, format!("{seconds}.{body}").as_bytes()).as_ref());
    vec![("x-timestamp", seconds.to_string()), ("x-signature", signature)]
}

impl Vendor for Vapi {
    const PROVIDER: Provider = Provider::Vapi;
    const HOST: &'static str = "api.vapi.ai";
    /// Number of retries that the request for the call asks for.
    const RETRIES: usize = 5;
    const HUNG_UP: &'static str = "customer-ended-call";
    const STOPPED: &'static str = "manually-canceled";
    const BUSY: &'static str = "customer-busy";
    const NO_ANSWER: &'static str = "customer-did-not-answer";

    fn account() -> Value {
        let hmac = json!({ "secretKey": SECRET, "algorithm": "sha256" });
        json!({ "apiKey": KEY, "phoneNumbers": { OURS: NUMBER }, "hmac": hmac })
    }

    fn voice() -> VoiceSettings {
        VoiceSettings { provider_agent_id: Some("assistant-1".to_owned()), ..VoiceSettings::default() }
    }

    fn bases(url: Url) -> Bases {
        Bases { vapi: Some(url), ..Bases::default() }
    }

    fn refusal(asked: &Asked) -> Option<Reaction> {
        let ours = asked.path.starts_with("/control/") || asked.header("authorization") == format!("Bearer {KEY}");
        (!ours).then(|| Reaction::json(401, &json!({ "message": "Invalid Key", "statusCode": 401 })))
    }

    fn wish(asked: &Asked) -> Option<(Kind, Value)> {
        (asked.method == "POST" && asked.path == "/call").then(|| (Kind::Call, asked.json()))
    }

    fn answer(fake: &Fake<Self>, asked: &Asked) -> Reaction {
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("POST", ["control", id]) if asked.json() == json!({ "type": "end-call" }) => {
                fake.ends(id);
                Reaction::empty(200)
            }
            ("GET", ["call"]) => {
                let bound = |name: &str| asked.query(name).map(str::to_owned);
                let (since, until) = (bound("createdAtGe"), bound("createdAtLe"));
                let number = bound("phoneNumberId");
                let is_wanted = |call: &Value| {
                    let made = call["createdAt"].as_str().unwrap_or_default();
                    since.as_deref().is_none_or(|since| made >= since)
                        && until.as_deref().is_none_or(|until| made <= until)
                        && number.as_deref().is_none_or(|number| call["phoneNumberId"] == number)
                };
                let limit = bound("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100);
                let newest_first = fake.calls().into_iter().rev().map(|call| call.shown).filter(is_wanted);
                Reaction::json(200, &json!(newest_first.take(limit).collect::<Vec<Value>>()))
            }
            ("GET", ["call", id]) => match fake.call(id) {
                None => Reaction::json(404, &json!({ "message": "not found" })),
                Some(call) => Reaction::json(200, &call.shown),
            },
            _ => {
                fake.violated(format!("{} {} {}", asked.method, asked.path, asked.json()));
                Reaction::json(404, &json!({}))
            }
        }
    }

    fn check(_kind: Kind, body: &Value) -> Result<(), (String, Reaction)> {
        check(body).map_err(|field| {
            let refusal = json!({ "message": [field], "error": "Bad Request", "statusCode": 400 });
            (field, Reaction::json(400, &refusal))
        })
    }

    fn to(body: &Value) -> &str {
        body["customer"]["number"].as_str().unwrap_or_default()
    }

    fn callback(body: &Value) -> &str {
        body["assistantOverrides"]["server"]["url"].as_str().unwrap_or_default()
    }

    fn id(_kind: Kind, number: usize) -> String {
        format!("00000000-0000-4000-8000-{number:012}")
    }

    fn shown(_kind: Kind, id: &str, body: &Value, at: Timestamp, base: &str) -> Value {
        let mut call = body.clone();
        call["id"] = json!(id);
        call["createdAt"] = json!(at.to_string());
        call["status"] = json!("queued");
        call["monitor"] = json!({ "controlUrl": format!("{base}/control/{id}") });
        call
    }

    fn accepted(_kind: Kind, made: &CreateOutcome) -> Reaction {
        Reaction::json(201, &made.shown)
    }

    fn change(made: &CreateOutcome, step: Step, at: Timestamp) -> Value {
        match step {
            Step::Begins | Step::IsDetected | Step::IsComplete => json!({}),
            Step::Rings => json!({ "status": "ringing" }),
            Step::IsAnswered => json!({ "status": "in-progress", "startedAt": at.to_string() }),
            Step::Ends(reason) => {
                let mut over = json!({ "endedReason": reason, "endedAt": at.to_string(), "cost": 0.03 });
                if made.answered {
                    let said = |role: &str, message: &str| json!({ "role": role, "message": message, "time": at.as_milliseconds() });
                    let messages = [said("bot", "Hello."), said("user", "Goodbye.")];
                    over["artifact"] =
                        json!({ "messages": messages, "recordingUrl": "https://recordings.example/fake.wav" });
                    over["analysis"] = json!({ "summary": "A fake call.", "successEvaluation": "true" });
                }
                over["status"] = json!("ended");
                over
            }
        }
    }

    fn told(made: &CreateOutcome, step: Step, at: Timestamp) -> Vec<Told> {
        let mut message = match step {
            Step::Begins | Step::IsDetected => return Vec::new(),
            Step::Rings | Step::IsAnswered => json!({ "type": "status-update", "status": made.shown["status"] }),
            Step::Ends(reason) => json!({ "type": "status-update", "status": "ended", "endedReason": reason }),
            Step::IsComplete => {
                let mut report = json!({ "type": "end-of-call-report" });
                for field in ["endedReason", "endedAt", "startedAt", "cost", "artifact", "analysis"] {
                    report[field] = made.shown[field].clone();
                }
                report
            }
        };
        message["call"] = made.shown.clone();
        message["timestamp"] = json!(at.as_milliseconds());
        let url = Self::callback(&made.asked).to_owned();
        let body = json!({ "message": message }).to_string();
        vec![Told { url, content_type: "application/json", body, names_the_call: true }]
    }

    fn signed(told: &Told, at: Timestamp) -> Vec<(&'static str, String)> {
        signature(&told.body, at.as_seconds())
    }
}

/// Checks a request against the vendor's published types. Returns the first wrong field.
fn check(body: &Value) -> Result<(), String> {
    const FIELDS: [&str; 5] = ["name", "assistantId", "phoneNumberId", "customer", "assistantOverrides"];
    const OVERRIDES: [&str; 5] = ["variableValues", "metadata", "server", "serverMessages", "maxDurationSeconds"];
    let known = |object: &Value, fields: &[&str]| {
        let unknown = object.as_object().and_then(|object| object.keys().find(|key| !fields.contains(&key.as_str())));
        unknown.map_or(Ok(()), |field| Err(field.clone()))
    };
    let overrides = &body["assistantOverrides"];
    known(body, &FIELDS)?;
    known(overrides, &OVERRIDES)?;
    let holds = [
        ("name", body["name"].as_str().is_some_and(|name| name.len() <= 40)),
        ("assistantId", body["assistantId"].is_string()),
        ("phoneNumberId", body["phoneNumberId"] == NUMBER),
        ("customer", body["customer"]["number"].as_str().is_some_and(|number| number.starts_with('+'))),
        ("maxDurationSeconds", (10..=43_200).contains(&overrides["maxDurationSeconds"].as_u64().unwrap_or(0))),
        ("server", overrides["server"]["timeoutSeconds"].as_u64().is_some_and(|seconds| (1..=300).contains(&seconds))),
    ];
    holds.iter().find(|(_, holds)| !holds).map_or(Ok(()), |(field, _)| Err((*field).to_owned()))
}
