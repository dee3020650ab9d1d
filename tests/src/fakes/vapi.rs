//! A fake of Vapi: what the OpenAPI document in VapiAI/docs eabfa53 says of it, and nothing more forgiving.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ids::hex;
use futures::FutureExt as _;
use serde_json::{Value, json};
use store::clock::Clock;

use super::server::{Asked, Reaction, Server};

/// The key that the fake knows us by.
pub(crate) const KEY: &str = "vapi_fake";
/// What messages are signed with.
pub(crate) const SECRET: &str = "a shared secret";
/// Vapi's id of our number.
pub(crate) const NUMBER: &str = "number-1";

/// What becomes of a call to a number.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// How the request for it is answered, where that is not as it should be.
    pub(crate) answer: Option<Reaction>,
    /// Whether the call is placed all the same.
    pub(crate) places: bool,
    /// Why it ends; a call without a reason goes on until it is ended.
    pub(crate) ends: Option<&'static str>,
    /// Whether somebody answers.
    pub(crate) connects: bool,
    /// Whether messages are sent.
    pub(crate) tells: bool,
}

impl Script {
    pub(crate) const COMPLETES: Self =
        Self { answer: None, places: true, ends: Some("customer-ended-call"), connects: true, tells: true };

    pub(crate) const STAYS: Self = Self { ends: None, ..Self::COMPLETES };

    pub(crate) const fn unconnected(reason: &'static str) -> Self {
        Self { answer: None, places: true, ends: Some(reason), connects: false, tells: true }
    }
}

#[derive(Debug, Default)]
struct State {
    scripts: BTreeMap<String, Script>,
    calls: Vec<Value>,
    violations: Vec<String>,
    statuses: Vec<u16>,
}

/// The fake. Clones share its state.
#[derive(Clone)]
pub(crate) struct Vapi {
    state: Arc<Mutex<State>>,
    http: reqwest::Client,
    /// Where it answers, once it does.
    url: Arc<Mutex<String>>,
}

impl Vapi {
    /// A fake, and the server it answers at.
    pub(crate) async fn start() -> (Self, Server) {
        let fake = Self::in_process();
        let answering = fake.clone();
        let server = Server::start(Arc::new(move |asked| {
            let fake = answering.clone();
            async move { fake.answer(&asked) }.boxed()
        }))
        .await;
        fake.url.lock().expect("nobody panicked with it").clone_from(&server.url);
        (fake, server)
    }

    /// A fake without a server.
    pub(crate) fn in_process() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client needs nothing");
        Self { state: Arc::default(), http, url: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    pub(crate) fn script(&self, to: &str, script: Script) {
        self.state().scripts.insert(to.to_owned(), script);
    }

    /// The calls to a number, as they are now.
    pub(crate) fn calls_to(&self, to: &str) -> Vec<Value> {
        self.state().calls.iter().filter(|call| call["customer"]["number"] == to).cloned().collect()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.state().statuses.clone()
    }

    /// The signature of a message, by the plan that an account has by default.
    pub(crate) fn signature(body: &str, seconds: i64) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        hex(ring::hmac::sign(&key, format!("{seconds}.{body}").as_bytes()).as_ref())
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reaction {
        let segments: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        if let ("POST", ["control", id]) = (asked.method.as_str(), segments.as_slice()) {
            return self.control(id, &asked.json());
        }
        if asked.header("authorization") != format!("Bearer {KEY}") {
            return Reaction::json(401, &json!({ "message": "Invalid Key", "statusCode": 401 }));
        }
        match (asked.method.as_str(), segments.as_slice()) {
            ("POST", ["call"]) => self.create(&asked.json()),
            ("GET", ["call"]) => Reaction::json(200, &json!(self.state().calls)),
            ("GET", ["call", id]) => match self.shown(id) {
                Value::Null => Reaction::json(404, &json!({ "message": "not found" })),
                shown => Reaction::json(200, &shown),
            },
            _ => {
                self.state().violations.push(format!("{} {}", asked.method, asked.path));
                Reaction::json(404, &json!({}))
            }
        }
    }

    fn create(&self, body: &Value) -> Reaction {
        if let Err(field) = check(body) {
            self.state().violations.push(field.clone());
            return Reaction::json(400, &json!({ "message": [field], "error": "Bad Request", "statusCode": 400 }));
        }
        let to = body["customer"]["number"].as_str().unwrap_or_default().to_owned();
        let script = self.state().scripts.get(&to).cloned().unwrap_or(Script::COMPLETES);
        if !script.places {
            return script.answer.unwrap_or(Reaction::empty(500));
        }
        let id = {
            let mut state = self.state();
            let id = format!("00000000-0000-4000-8000-{:012}", state.calls.len() + 1);
            let mut call = body.clone();
            let base = self.url.lock().expect("nobody panicked with it").clone();
            call["id"] = json!(id);
            call["status"] = json!("queued");
            call["monitor"] = json!({ "controlUrl": format!("{base}/control/{id}") });
            state.calls.push(call);
            id
        };
        let accepted = Reaction::json(201, &self.shown(&id));
        let (fake, lived, script_of) = (self.clone(), id, script.clone());
        tokio::spawn(async move { fake.lives(&lived, &script_of).await });
        script.answer.unwrap_or(accepted)
    }

    fn control(&self, id: &str, body: &Value) -> Reaction {
        if *body != json!({ "type": "end-call" }) {
            self.state().violations.push(format!("control {body}"));
            return Reaction::empty(400);
        }
        let (fake, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move { fake.is_over(&id, "manually-canceled", true, true).await });
        Reaction::empty(200)
    }

    fn shown(&self, id: &str) -> Value {
        self.state().calls.iter().find(|call| call["id"] == id).cloned().unwrap_or_default()
    }

    fn becomes(&self, id: &str, change: &Value) {
        let mut state = self.state();
        let call = state.calls.iter_mut().find(|call| call["id"] == id).expect("it was placed");
        call.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    }

    async fn lives(&self, id: &str, script: &Script) {
        self.says(id, script.tells, "ringing", &json!({})).await;
        if script.connects {
            let started = json!({ "startedAt": now().to_string() });
            self.says(id, script.tells, "in-progress", &started).await;
        }
        if let Some(reason) = script.ends {
            self.is_over(id, reason, script.connects, script.tells).await;
        }
    }

    async fn says(&self, id: &str, tells: bool, status: &str, change: &Value) {
        self.becomes(id, change);
        self.becomes(id, &json!({ "status": status }));
        if tells {
            self.sends(id, json!({ "type": "status-update", "status": status })).await;
        }
    }

    async fn is_over(&self, id: &str, reason: &str, connected: bool, tells: bool) {
        let mut over = json!({ "endedReason": reason, "endedAt": now().to_string(), "cost": 0.03 });
        if connected {
            let said = |role: &str, message: &str| json!({ "role": role, "message": message, "time": now().as_milliseconds() });
            let messages = [said("bot", "Hello."), said("user", "Goodbye.")];
            over["artifact"] = json!({ "messages": messages, "recordingUrl": "https://recordings.example/fake.wav" });
            over["analysis"] = json!({ "summary": "A fake call.", "successEvaluation": "true" });
        }
        self.becomes(id, &json!({ "status": "ended" }));
        self.becomes(id, &over);
        if tells {
            self.sends(id, json!({ "type": "status-update", "status": "ended", "endedReason": reason })).await;
            over["type"] = json!("end-of-call-report");
            self.sends(id, over).await;
        }
    }

    /// Sends a message, again where it is not answered by a 2xx: the request for the call asked for that.
    async fn sends(&self, id: &str, mut message: Value) {
        let call = self.shown(id);
        let server = call["assistantOverrides"]["server"].clone();
        message["call"] = call;
        message["timestamp"] = json!(now().as_milliseconds());
        let body = json!({ "message": message }).to_string();
        for _ in 0..=server["backoffPlan"]["maxRetries"].as_u64().unwrap_or(0) {
            let seconds = now().as_seconds();
            let request = self.http.post(server["url"].as_str().unwrap_or_default()).body(body.clone());
            let request = request.header("x-timestamp", seconds.to_string());
            let sent = request.header("x-signature", Self::signature(&body, seconds)).send().await;
            let status = sent.map_or(0, |answer| answer.status().as_u16());
            self.state().statuses.push(status);
            if (200..300).contains(&status) {
                return;
            }
        }
    }
}

fn now() -> domain::time::Timestamp {
    Clock::system().now()
}

/// Holds the request against the vendor's published types; gives the first wrong field.
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
