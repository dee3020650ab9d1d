//! A fake of Telnyx's Call Control: what telnyx-node b9b12ca says of it, and nothing more forgiving.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::FutureExt as _;
use reqwest::header::HeaderName;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use store::clock::Clock;

use super::server::{Asked, Reaction, Server};

/// The key that the fake knows us by.
pub(crate) const KEY: &str = "KEY_fake";
/// The Call Control application.
pub(crate) const CONNECTION: &str = "connection_1";

/// What becomes of a call to a number.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// How the request for it is answered, where that is not as it should be.
    pub(crate) answer: Option<Reaction>,
    /// Whether the call is placed all the same.
    pub(crate) places: bool,
    /// The events, in the order in which they are sent: each with what it says.
    pub(crate) events: Vec<(&'static str, Value)>,
}

impl Script {
    /// A call that is answered, and hung up by the called party.
    pub(crate) fn completes() -> Self {
        let over = json!({ "hangup_cause": "normal_clearing", "sip_hangup_cause": "200" });
        let saved = json!({ "call_control_id": null, "recording_urls": { "mp3": "https://r.example/1" } });
        let events = vec![
            ("call.initiated", json!({})),
            ("call.answered", json!({})),
            ("call.machine.detection.ended", json!({ "result": "human" })),
            ("call.hangup", over),
            ("call.recording.saved", saved),
        ];
        Self { answer: None, places: true, events }
    }

    /// A call that reaches nobody.
    pub(crate) fn ends(cause: &str, sip: &str) -> Self {
        let over = json!({ "hangup_cause": cause, "sip_hangup_cause": sip });
        Self { answer: None, places: true, events: vec![("call.initiated", json!({})), ("call.hangup", over)] }
    }

    /// A call that is answered, and goes on.
    pub(crate) fn stays() -> Self {
        Self { answer: None, places: true, events: vec![("call.initiated", json!({})), ("call.answered", json!({}))] }
    }
}

#[derive(Clone, Debug)]
struct Call {
    asked: Value,
    id: String,
    alive: bool,
}

#[derive(Debug, Default)]
struct State {
    scripts: BTreeMap<String, Script>,
    calls: Vec<Call>,
    violations: Vec<String>,
    statuses: Vec<u16>,
}

/// The fake. Clones share its state.
#[derive(Clone)]
pub(crate) struct Telnyx {
    state: Arc<Mutex<State>>,
    http: reqwest::Client,
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a seed has 32 bytes")
}

/// The public key of the account, as the portal shows it.
pub(crate) fn public_key() -> String {
    super::base64(pair().public_key().as_ref())
}

impl Telnyx {
    /// A fake, and the server it answers at.
    pub(crate) async fn start() -> (Self, Server) {
        let fake = Self::in_process();
        let answering = fake.clone();
        let server = Server::start(Arc::new(move |asked| {
            let fake = answering.clone();
            async move { fake.answer(&asked) }.boxed()
        }));
        (fake, server.await)
    }

    /// A fake without a server.
    pub(crate) fn in_process() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client needs nothing");
        Self { state: Arc::default(), http }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    pub(crate) fn script(&self, to: &str, script: Script) {
        self.state().scripts.insert(to.to_owned(), script);
    }

    /// What calls to a number were asked for with.
    pub(crate) fn calls_to(&self, to: &str) -> Vec<Value> {
        self.state().calls.iter().filter(|call| call.asked["to"] == to).map(|call| call.asked.clone()).collect()
    }

    pub(crate) fn is_alive(&self, to: &str) -> bool {
        self.state().calls.iter().any(|call| call.asked["to"] == to && call.alive)
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.state().statuses.clone()
    }

    /// The headers that an event is signed with.
    pub(crate) fn signature(body: &str, seconds: i64) -> [(HeaderName, String); 2] {
        let signature = pair().sign(format!("{seconds}|{body}").as_bytes());
        [
            (HeaderName::from_static("telnyx-timestamp"), seconds.to_string()),
            (HeaderName::from_static("telnyx-signature-ed25519"), super::base64(signature.as_ref())),
        ]
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reaction {
        if asked.header("authorization") != format!("Bearer {KEY}") {
            return error(401, "10009", "");
        }
        let segments: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("POST", ["calls"]) => self.dial(&asked.json()),
            ("GET", ["calls", id]) => self.get(&decoded(id)),
            ("POST", ["calls", id, "actions", "hangup"]) => self.hang_up(&decoded(id)),
            ("GET", ["connections", CONNECTION, "active_calls"]) => self.active(),
            ("GET", ["recordings"]) => {
                let urls = json!({ "download_urls": { "mp3": "https://recordings.example/fake.mp3" } });
                Reaction::json(200, &json!({ "data": [urls], "meta": { "total_pages": 1 } }))
            }
            _ => {
                self.state().violations.push(format!("{} {}", asked.method, asked.path));
                error(404, "10005", "")
            }
        }
    }

    fn dial(&self, body: &Value) -> Reaction {
        if let Err(field) = check(body) {
            self.state().violations.push(field.clone());
            return error(422, "10015", &format!("/{field}"));
        }
        let to = body["to"].as_str().unwrap_or_default().to_owned();
        let script = self.state().scripts.get(&to).cloned().unwrap_or_else(Script::completes);
        if !script.places {
            return script.answer.unwrap_or(Reaction::empty(500));
        }
        let id = {
            let mut state = self.state();
            // A second command of the same id is ignored: it is answered with the call of the first.
            let same = state.calls.iter().find(|call| call.asked["command_id"] == body["command_id"]);
            if let Some(call) = same {
                return Reaction::json(200, &shown(call));
            }
            let id = format!("v3:fake-{}", state.calls.len() + 1);
            state.calls.push(Call { asked: body.clone(), id: id.clone(), alive: true });
            id
        };
        let (fake, events, told) = (self.clone(), script.events.clone(), id.clone());
        tokio::spawn(async move {
            for (event, fields) in &events {
                fake.sends(&told, event, fields).await;
            }
        });
        script.answer.unwrap_or_else(|| {
            let call =
                json!({ "call_control_id": id, "call_leg_id": "leg", "call_session_id": "s", "is_alive": false });
            Reaction::json(200, &json!({ "data": call }))
        })
    }

    fn get(&self, id: &str) -> Reaction {
        let state = self.state();
        match state.calls.iter().find(|call| call.id == id) {
            Some(call) => Reaction::json(200, &shown(call)),
            None => error(404, "10005", ""),
        }
    }

    fn hang_up(&self, id: &str) -> Reaction {
        let alive = self.state().calls.iter().any(|call| call.id == id && call.alive);
        if !alive {
            return error(422, "90018", "");
        }
        let (fake, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            let over = json!({ "hangup_cause": "normal_clearing", "sip_hangup_cause": "200" });
            fake.sends(&id, "call.hangup", &over).await;
        });
        Reaction::json(200, &json!({ "data": { "result": "ok" } }))
    }

    fn active(&self) -> Reaction {
        let state = self.state();
        let alive: Vec<Value> =
            state.calls.iter().filter(|call| call.alive).map(|call| shown(call)["data"].clone()).collect();
        Reaction::json(200, &json!({ "data": alive, "meta": { "total_pages": 1 } }))
    }

    /// Sends an event, again where it is not answered by a 2xx.
    async fn sends(&self, id: &str, event: &str, fields: &Value) {
        let call = {
            let mut state = self.state();
            let Some(call) = state.calls.iter_mut().find(|call| call.id == id) else { return };
            call.alive &= event != "call.hangup";
            call.clone()
        };
        let now = Clock::system().now();
        let mut payload = json!({
            "call_control_id": id,
            "call_leg_id": "leg",
            "call_session_id": "session",
            "connection_id": CONNECTION,
            "client_state": call.asked["client_state"],
            "from": call.asked["from"],
            "to": call.asked["to"],
            "start_time": now.to_string(),
        });
        payload.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let data = json!({ "record_type": "event", "event_type": event, "id": event, "occurred_at": now.to_string(), "payload": payload });
        let body = json!({ "data": data, "meta": { "attempt": 1 } }).to_string();
        for _ in 0..3 {
            let request = self.http.post(call.asked["webhook_url"].as_str().unwrap_or_default()).body(body.clone());
            let signed = Self::signature(&body, Clock::system().now().as_seconds()).into_iter();
            let request = signed.fold(request, |request, (name, value)| request.header(name, value));
            let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
            self.state().statuses.push(status);
            if (200..300).contains(&status) {
                return;
            }
        }
    }
}

fn decoded(segment: &str) -> String {
    segment.replace("%3A", ":")
}

fn shown(call: &Call) -> Value {
    let mut shown = json!({
        "call_control_id": call.id,
        "client_state": call.asked["client_state"],
        "is_alive": call.alive,
        "record_type": "call",
    });
    if !call.alive {
        shown["end_time"] = json!(Clock::system().now().to_string());
    }
    json!({ "data": shown })
}

fn error(status: u16, code: &str, pointer: &str) -> Reaction {
    Reaction::json(status, &json!({ "errors": [{ "code": code, "title": "no", "source": { "pointer": pointer } }] }))
}

/// Holds the request against the vendor's published types; gives the first wrong field.
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
