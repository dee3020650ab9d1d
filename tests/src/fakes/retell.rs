//! A fake of Retell: what retell-typescript-sdk b274013 and docs.retellai.com say of its API, and nothing more forgiving.

mod schema;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ids::hex;
use futures::FutureExt as _;
use serde_json::{Value, json};
use store::clock::Clock;

use super::server::{Asked, Reaction, Server};

/// The key that the fake knows us by, and signs with.
pub(crate) const KEY: &str = "key_fake";

/// How often a webhook is sent again where it is not answered by a 2xx.
const RETRIES: usize = 3;

/// What becomes of a call to a number.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) create: Create,
    pub(crate) story: Story,
    pub(crate) webhooks: Webhooks,
}

/// What the request for a call comes to.
#[derive(Clone, Debug)]
pub(crate) enum Create {
    /// The call is placed, and the answer says so.
    Accepts,
    /// The call is placed, and the answer is lost so.
    PlacesAnd(Reaction),
    /// No call is placed.
    Refuses(Reaction),
    /// No call is placed the first time.
    RefusesOnce(Reaction),
}

/// The course of a call.
#[derive(Clone, Debug)]
pub(crate) enum Story {
    /// It is answered, and the called party hangs up in the end.
    Completes,
    /// Nobody is reached, for this reason.
    Unconnected(&'static str),
    /// It is answered, and goes on until it is stopped.
    Stays,
}

/// How the fake calls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Webhooks {
    /// In order, behind the answer or right with it.
    InOrder,
    /// All of them before the request for the call is answered.
    BeforeTheAnswer,
    /// Each twice, the last one first.
    TwiceAndReversed,
    /// Never.
    Never,
}

impl Script {
    pub(crate) const fn of(story: Story) -> Self {
        Self { create: Create::Accepts, story, webhooks: Webhooks::InOrder }
    }

    pub(crate) fn creating(self, create: Create) -> Self {
        Self { create, ..self }
    }

    pub(crate) fn calling_back(self, webhooks: Webhooks) -> Self {
        Self { webhooks, ..self }
    }
}

#[derive(Clone, Debug)]
struct Call {
    shown: Value,
    webhook_url: String,
    script: Script,
}

#[derive(Debug, Default)]
struct State {
    scripts: BTreeMap<String, Script>,
    calls: Vec<Call>,
    refused: Vec<String>,
    /// What was asked for.
    asked: Vec<String>,
    /// What was asked for in a way that the vendor does not document.
    violations: Vec<String>,
    /// The statuses that webhooks were answered with.
    webhook_statuses: Vec<u16>,
}

/// The fake. Clones share its state.
#[derive(Clone)]
pub(crate) struct Retell {
    state: Arc<Mutex<State>>,
    http: reqwest::Client,
}

impl Retell {
    /// A fake, and the server it answers at.
    pub(crate) async fn start() -> (Self, Server) {
        let fake = Self::in_process();
        let answering = fake.clone();
        let server = Server::start(Arc::new(move |asked| {
            let fake = answering.clone();
            async move { fake.answer(asked).await }.boxed()
        }));
        (fake, server.await)
    }

    /// A fake without a server.
    pub(crate) fn in_process() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client needs nothing");
        Self { state: Arc::default(), http }
    }

    /// How often it was asked for something.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.as_str() == what).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    /// Sets what becomes of calls to a number. Any other completes.
    pub(crate) fn script(&self, to: &str, script: Script) {
        self.state().scripts.insert(to.to_owned(), script);
    }

    /// How many calls were placed to a number.
    pub(crate) fn calls_to(&self, to: &str) -> usize {
        self.state().calls.iter().filter(|call| call.shown["to_number"] == to).count()
    }

    /// A call to a number, as it is now.
    pub(crate) fn call_to(&self, to: &str) -> Value {
        let state = self.state();
        state.calls.iter().find(|call| call.shown["to_number"] == to).expect("it was placed").shown.clone()
    }

    /// The call to a number that was placed last, as it is now.
    pub(crate) fn last_call_to(&self, to: &str) -> Value {
        let state = self.state();
        state.calls.iter().rfind(|call| call.shown["to_number"] == to).expect("it was placed").shown.clone()
    }

    /// What was asked for in a way that the vendor does not document.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// The statuses that webhooks were answered with.
    pub(crate) fn webhook_statuses(&self) -> Vec<u16> {
        self.state().webhook_statuses.clone()
    }

    /// What a webhook is signed with: over the body and the time, without a separator.
    pub(crate) fn signature(body: &str, milliseconds: i64) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
        let digest = ring::hmac::sign(&key, format!("{body}{milliseconds}").as_bytes());
        format!("v={milliseconds},d={}", hex(digest.as_ref()))
    }

    pub(crate) async fn answer(&self, asked: Asked) -> Reaction {
        if asked.header("authorization") != format!("Bearer {KEY}") {
            return error(401, "Invalid API key");
        }
        let segments: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        self.state().asked.extend(segments.get(1).map(|what| (*what).to_owned()));
        match (asked.method.as_str(), segments.as_slice()) {
            ("POST", ["v2", "create-phone-call"]) => self.create(&asked.json()).await,
            ("GET", ["v2", "get-call", id]) => self.get(id),
            ("POST", ["v2", "stop-call", id]) => self.stop(id),
            ("POST", ["v3", "list-calls"]) => self.list(&asked.json()),
            _ => {
                self.state().violations.push(format!("{} {}", asked.method, asked.path));
                error(404, "Not Found")
            }
        }
    }

    async fn create(&self, body: &Value) -> Reaction {
        if let Err(violation) = schema::check(body) {
            self.state().violations.push(violation.clone());
            return error(422, &violation);
        }
        let to = body["to_number"].as_str().unwrap_or_default().to_owned();
        let script = self.state().scripts.get(&to).cloned().unwrap_or(Script::of(Story::Completes));
        match &script.create {
            Create::Refuses(reaction) => return reaction.clone(),
            Create::RefusesOnce(reaction) if !self.state().refused.contains(&to) => {
                self.state().refused.push(to);
                return reaction.clone();
            }
            Create::Accepts | Create::PlacesAnd(_) | Create::RefusesOnce(_) => {}
        }
        let id = self.place(body, &script);
        let accepted = Reaction::json(201, &self.shown(&id));
        let reaction = match &script.create {
            Create::PlacesAnd(reaction) => reaction.clone(),
            Create::Accepts | Create::Refuses(_) | Create::RefusesOnce(_) => accepted,
        };
        let fake = self.clone();
        if script.webhooks == Webhooks::BeforeTheAnswer {
            fake.lives(&id).await;
        } else {
            tokio::spawn(async move { fake.lives(&id).await });
        }
        reaction
    }

    fn place(&self, body: &Value, script: &Script) -> String {
        let mut state = self.state();
        let id = format!("call_{:032x}", state.calls.len() + 1);
        let shown = json!({
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
        });
        let webhook_url = body["agent_override"]["agent"]["webhook_url"].as_str().unwrap_or_default().to_owned();
        state.calls.push(Call { shown, webhook_url, script: script.clone() });
        id
    }

    fn shown(&self, id: &str) -> Value {
        let state = self.state();
        state.calls.iter().find(|call| call.shown["call_id"] == id).map(|call| call.shown.clone()).unwrap_or_default()
    }

    fn get(&self, id: &str) -> Reaction {
        match self.shown(id) {
            Value::Null => error(404, "Item not found"),
            shown => Reaction::json(200, &shown),
        }
    }

    fn stop(&self, id: &str) -> Reaction {
        match self.shown(id)["call_status"].as_str() {
            None => error(404, "Item not found"),
            Some("registered" | "ongoing") => {
                self.becomes(id, &ended("manual_stopped"));
                let (fake, id) = (self.clone(), id.to_owned());
                tokio::spawn(async move {
                    fake.sends("call_ended", &id).await;
                    fake.becomes(&id, &analysed());
                    fake.sends("call_analyzed", &id).await;
                });
                Reaction::empty(204)
            }
            Some(_) => error(400, "Call is already ended"),
        }
    }

    fn list(&self, body: &Value) -> Reaction {
        let criteria = &body["filter_criteria"];
        let marks = criteria["metadata"].as_array().cloned().unwrap_or_default();
        let wanted = |shown: &Value| {
            let marked = marks.iter().all(|mark| {
                mark["op"] == "eq" && mark["key"].as_str().is_some_and(|key| shown["metadata"][key] == mark["value"])
            });
            marked && (criteria["to_number"].is_null() || criteria["to_number"]["value"] == shown["to_number"])
        };
        let items: Vec<Value> =
            self.state().calls.iter().map(|call| call.shown.clone()).filter(|shown| wanted(shown)).collect();
        Reaction::json(200, &json!({ "items": items, "has_more": false }))
    }

    /// The course of a call, told by webhooks or not.
    async fn lives(&self, id: &str) {
        let call = self.state().calls.iter().find(|call| call.shown["call_id"] == id).cloned();
        let Some(Call { script, .. }) = call else { return };
        let steps: Vec<(&str, Value)> = match script.story {
            Story::Completes => {
                vec![("call_started", started()), ("call_ended", ended("user_hangup")), ("call_analyzed", analysed())]
            }
            Story::Unconnected(reason) => {
                let analysis = json!({ "call_analysis": { "call_summary": "", "in_voicemail": false } });
                vec![("call_ended", unconnected(reason)), ("call_analyzed", analysis)]
            }
            Story::Stays => vec![("call_started", started())],
        };
        if script.webhooks == Webhooks::TwiceAndReversed {
            // A webhook shows the call as it was when it happened.
            let mut bodies = Vec::new();
            for (event, change) in &steps {
                self.becomes(id, change);
                bodies.push(body(event, &self.shown(id)));
            }
            for body in bodies.into_iter().rev() {
                self.posts(id, &body).await;
                self.posts(id, &body).await;
            }
            return;
        }
        for (event, change) in &steps {
            self.becomes(id, change);
            if script.webhooks != Webhooks::Never {
                self.sends(event, id).await;
            }
        }
    }

    fn becomes(&self, id: &str, change: &Value) {
        let mut state = self.state();
        let call = state.calls.iter_mut().find(|call| call.shown["call_id"] == id);
        if let (Some(call), Some(change)) = (call, change.as_object()) {
            call.shown.as_object_mut().expect("a call is an object").extend(change.clone());
        }
    }

    async fn sends(&self, event: &str, id: &str) {
        self.posts(id, &body(event, &self.shown(id))).await;
    }

    /// Sends a webhook, again where it is not answered by a 2xx.
    async fn posts(&self, id: &str, body: &str) {
        let call = self.state().calls.iter().find(|call| call.shown["call_id"] == id).cloned();
        let Some(Call { webhook_url, .. }) = call else { return };
        for _ in 0..=RETRIES {
            let signature = Self::signature(body, now_ms());
            let request = self.http.post(&webhook_url).header("content-type", "application/json");
            let sent = request.header("x-retell-signature", signature).body(body.to_owned()).send().await;
            let status = sent.map_or(0, |answer| answer.status().as_u16());
            self.state().webhook_statuses.push(status);
            if (200..300).contains(&status) {
                return;
            }
        }
    }
}

fn body(event: &str, call: &Value) -> String {
    json!({ "event": event, "call": call }).to_string()
}

fn now_ms() -> i64 {
    Clock::system().now().as_milliseconds()
}

fn started() -> Value {
    json!({ "call_status": "ongoing", "start_timestamp": now_ms() })
}

fn ended(reason: &str) -> Value {
    json!({
        "call_status": "ended",
        "disconnection_reason": reason,
        "end_timestamp": now_ms(),
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

fn unconnected(reason: &str) -> Value {
    json!({
        "call_status": "not_connected",
        "disconnection_reason": reason,
        "start_timestamp": now_ms(),
        "end_timestamp": now_ms(),
        "duration_ms": 0,
    })
}

fn analysed() -> Value {
    json!({ "call_analysis": {
        "call_summary": "A fake call.",
        "call_successful": true,
        "user_sentiment": "Neutral",
        "in_voicemail": false,
        "custom_analysis_data": {},
    } })
}

fn error(status: u16, message: &str) -> Reaction {
    Reaction::json(status, &json!({ "status": "error", "message": message }))
}
