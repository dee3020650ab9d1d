//! Fake of Retell. It follows retell-typescript-sdk b274013 and docs.retellai.com, and is not more forgiving.

pub(crate) mod chats;
mod schema;

use domain::digest::hex;
use domain::ids::ConversationId;
use domain::provider::Provider;
use domain::time::Timestamp;
use domain::voice_settings::VoiceSettings;
use providers::Bases;
use providers::attempt::Attempt;
use reqwest::Url;
use serde_json::{Value, json};

use super::fake::Fake;
use super::script::Step;
use super::server::{Asked, Reaction};
use super::vendor::{CreateOutcome, Kind, Told, Vendor};
use crate::providers::every::ORGANIZATION;

/// API key by which the fake authenticates us, and with which it signs.
pub(crate) const KEY: &str = "key_fake";

/// Wire protocol of Retell.
pub(crate) struct Retell;

/// Signs a webhook over the body and the time, without a separator.
pub(crate) fn signature(body: &str, milliseconds: i64) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
    let digest = ring::hmac::sign(&key, format!("{body}{milliseconds}").as_bytes());
    format!("v={milliseconds},d={}", hex(digest.as_ref()))
}

impl Vendor for Retell {
    const PROVIDER: Provider = Provider::Retell;
    const HOST: &'static str = "api.retellai.com";
    const RETRIES: usize = 3;
    const HUNG_UP: &'static str = "user_hangup";
    const STOPPED: &'static str = "manual_stopped";
    const BUSY: &'static str = "dial_busy";
    const NO_ANSWER: &'static str = "dial_no_answer";

    fn account() -> Value {
        json!({ "apiKey": KEY })
    }

    fn voice() -> VoiceSettings {
        VoiceSettings { provider_agent_id: Some("agent_1".to_owned()), ..VoiceSettings::default() }
    }

    fn bases(url: Url) -> Bases {
        Bases { retell: Some(url), ..Bases::default() }
    }

    fn refusal(asked: &Asked) -> Option<Reaction> {
        (asked.header("authorization") != format!("Bearer {KEY}")).then(|| error(401, "Invalid API key"))
    }

    fn wish(asked: &Asked) -> Option<(Kind, Value)> {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/v2/create-phone-call") => Some((Kind::Call, asked.json())),
            ("POST", "/create-sms-chat") => Some((Kind::Text, asked.json())),
            _ => None,
        }
    }

    fn answer(fake: &Fake<Self>, asked: &Asked) -> Reaction {
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("GET", ["v2", "get-call", id]) => match fake.call(id) {
                None => error(404, "Item not found"),
                Some(call) => Reaction::json(200, &call.shown),
            },
            ("POST", ["v2", "stop-call", id]) => match fake.call(id) {
                None => error(404, "Item not found"),
                Some(_) if fake.ends(id) => Reaction::empty(204),
                Some(_) => error(400, "Call is already ended"),
            },
            ("POST", ["v3", "list-calls"]) => list(fake, &asked.json()),
            ("GET", ["get-chat", id]) => chats::get(fake, id),
            ("PATCH", ["end-chat", id]) => chats::end(fake, id),
            ("POST", ["v3", "list-chats"]) => chats::list(fake, &asked.json()),
            _ => {
                fake.violated(format!("{} {}", asked.method, asked.path));
                error(404, "Not Found")
            }
        }
    }

    fn check(kind: Kind, body: &Value) -> Result<(), (String, Reaction)> {
        schema::check(kind, body).map_err(|violation| (violation.clone(), error(422, &violation)))
    }

    fn to(body: &Value) -> &str {
        body["to_number"].as_str().unwrap_or_default()
    }

    fn callback(body: &Value) -> &str {
        body["agent_override"]["agent"]["webhook_url"].as_str().unwrap_or_default()
    }

    fn text_of(made: &CreateOutcome) -> Option<(ConversationId, u32)> {
        let attempt = Attempt::from_parts(ORGANIZATION, made.asked["metadata"]["ringdown_attempt"].as_str()?)?;
        Some((attempt.conversation, 1))
    }

    fn id(kind: Kind, number: usize) -> String {
        match kind {
            Kind::Call => format!("call_{number:032x}"),
            Kind::Text => format!("chat_{number:032x}"),
        }
    }

    fn shown(kind: Kind, id: &str, body: &Value, at: Timestamp, _base: &str) -> Value {
        if kind == Kind::Text {
            return chats::shown(id, body, at);
        }
        json!({
            "call_id": id,
            "call_type": "phone_call",
            "call_status": "registered",
            "direction": "outbound",
            "agent_id": body["override_agent_id"].as_str().unwrap_or("agent_of_the_number"),
            "agent_version": 0,
            "from_number": body["from_number"],
            "to_number": body["to_number"],
            "metadata": body["metadata"],
            "retell_llm_dynamic_variables": body["retell_llm_dynamic_variables"],
        })
    }

    fn accepted(_kind: Kind, made: &CreateOutcome) -> Reaction {
        Reaction::json(201, &made.shown)
    }

    fn change(made: &CreateOutcome, step: Step, at: Timestamp) -> Value {
        let now = at.as_milliseconds();
        match step {
            Step::Begins | Step::Rings | Step::IsDetected => json!({}),
            Step::IsAnswered => json!({ "call_status": "ongoing", "start_timestamp": now }),
            Step::Ends(reason) if made.answered => ended(reason, now),
            Step::Ends(reason) => json!({
                "call_status": "not_connected",
                "disconnection_reason": reason,
                "start_timestamp": now,
                "end_timestamp": now,
                "duration_ms": 0,
            }),
            Step::IsComplete if made.answered => json!({ "call_analysis": {
                "call_summary": "A fake call.",
                "call_successful": true,
                "user_sentiment": "Neutral",
                "in_voicemail": false,
                "custom_analysis_data": {},
            } }),
            Step::IsComplete => json!({ "call_analysis": { "call_summary": "", "in_voicemail": false } }),
        }
    }

    fn told(made: &CreateOutcome, step: Step, _at: Timestamp) -> Vec<Told> {
        let event = match step {
            Step::Begins | Step::Rings | Step::IsDetected => return Vec::new(),
            Step::IsAnswered => "call_started",
            Step::Ends(_) => "call_ended",
            Step::IsComplete => "call_analyzed",
        };
        let body = json!({ "event": event, "call": made.shown }).to_string();
        let url = Self::callback(&made.asked).to_owned();
        vec![Told { url, content_type: "application/json", body, names_the_call: true }]
    }

    fn signed(told: &Told, at: Timestamp) -> Vec<(&'static str, String)> {
        vec![("x-retell-signature", signature(&told.body, at.as_milliseconds()))]
    }
}

fn list(fake: &Fake<Retell>, body: &Value) -> Reaction {
    let criteria = &body["filter_criteria"];
    let marks = criteria["metadata"].as_array().cloned().unwrap_or_default();
    let wanted = |shown: &Value| {
        let marked = marks.iter().all(|mark| {
            mark["op"] == "eq" && mark["key"].as_str().is_some_and(|key| shown["metadata"][key] == mark["value"])
        });
        marked && (criteria["to_number"].is_null() || criteria["to_number"]["value"] == shown["to_number"])
    };
    let items: Vec<Value> = fake.calls().into_iter().map(|call| call.shown).filter(wanted).collect();
    Reaction::json(200, &json!({ "items": items, "has_more": false }))
}

fn ended(reason: &str, now: i64) -> Value {
    json!({
        "call_status": "ended",
        "disconnection_reason": reason,
        "end_timestamp": now,
        "duration_ms": 2_000,
        "transcript": "Agent: Hello.\nUser: Goodbye.\n",
        "transcript_object": [
            { "role": "agent", "content": "Hello.", "words": [{ "word": "Hello.", "start": 0.1, "end": 0.5 }] },
            { "role": "user", "content": "Goodbye.", "words": [{ "word": "Goodbye.", "start": 0.9, "end": 1.4 }] },
        ],
        "recording_url": "https://recordings.example/fake.wav",
        "call_cost": { "combined_cost": 3, "total_duration_seconds": 2, "total_duration_unit_price": 1, "product_costs": [] },
    })
}

fn error(status: u16, message: &str) -> Reaction {
    Reaction::json(status, &json!({ "status": "error", "message": message }))
}
