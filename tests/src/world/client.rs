//! The organization's clients: what they ask for, how they retry, and what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::ids::{AgentId, ConversationId, Operation};
use domain::signature::Secret;
use functions::{Trigger, find, invoke};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue};
use local::events::{HttpAnswer, HttpRequest, http_answer, http_event};
use serde_json::{Value, json};
use store::QueueName;
use tokio::time::{sleep, timeout};

use super::{AGENT, PATIENCE, TABLE, World, deployment};
use crate::sim::gate::Ended;
use crate::sim::grants;

/// How often a client sends a request before it gives up.
const TRIES: u32 = 12;
/// How long it waits after the first failure; the wait doubles, to half a minute at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) function: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Option<Value>,
    pub(crate) key: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) replayed: bool,
    pub(crate) headers: BTreeMap<String, String>,
}

/// An endpoint, as its owner knows it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) host: String,
}

/// What the clients know.
#[derive(Default)]
pub(crate) struct Clients {
    /// What was accepted under each key: the conversation, and the called number.
    pub(crate) accepted: BTreeMap<String, (ConversationId, String)>,
    /// Every key that a call was asked for under.
    pub(crate) asked: BTreeSet<String>,
    /// The items of bulk requests that were asked for.
    pub(crate) items: BTreeSet<ConversationId>,
    /// The keys whose requests had to be refused.
    pub(crate) refused: BTreeSet<String>,
    /// What was accepted under each key for an SMS conversation: the conversation, and the customer's number.
    pub(crate) texted: BTreeMap<String, (ConversationId, String)>,
    /// Every key that an SMS conversation was asked for under.
    pub(crate) texting: BTreeSet<String>,
    /// What has to come of each SMS conversation.
    pub(crate) texted_outcomes: Vec<super::texting::Outcome>,
    /// How many texts customers wrote by themselves.
    pub(crate) written: usize,
    /// The endpoints that were made.
    pub(crate) endpoints: BTreeMap<String, Endpoint>,
    /// What was promised and not kept.
    pub(crate) findings: Vec<String>,
    /// What has to come of each conversation.
    pub(crate) expected: Vec<Expected>,
    /// How many requests were sent.
    requests: u64,
    /// Everything secret or personal that was sent or received: none of it may stand in a log.
    pub(crate) secrets: Vec<String>,
}

/// What has to come of a conversation.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// It ends with the first of these reasons. After a crash, any of them will do.
    Ends(ConversationId, &'static [&'static str]),
    /// The same, or with this other one.
    EndsOr(ConversationId, &'static [&'static str], &'static str),
    /// It is never dialled.
    NeverDialled(ConversationId),
}

impl Ask {
    /// Asks for a call, with further fields of the body.
    pub(crate) fn call(to: &str, key: &str, more: &Value) -> Self {
        let mut body = json!({"agentSlug": AGENT, "toNumber": to});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let (path, query) = ("/v1/calls".to_owned(), String::new());
        Self { function: "create-call", method: "POST", path, query, body: Some(body), key: Some(key.into()) }
    }

    /// Registers an endpoint.
    pub(crate) fn webhook(url: &str, events: &[&str]) -> Self {
        let body = Some(json!({"url": url, "events": events}));
        let (path, query) = ("/v1/webhooks".to_owned(), String::new());
        let key = Some(format!("hook-{url}"));
        Self { function: "create-webhook", method: "POST", path, query, body, key }
    }

    /// Deletes an endpoint.
    pub(crate) fn deletion(id: &str) -> Self {
        Self::about("delete-webhook", "DELETE", format!("/v1/webhooks/{id}"))
    }

    /// Closes a call.
    pub(crate) fn close(id: &str, body: &Value) -> Self {
        let ask = Self::about("close-call", "POST", format!("/v1/calls/{id}/close"));
        Self { body: Some(body.clone()), ..ask }
    }

    /// Asks for a list.
    pub(crate) fn list(function: &'static str, path: &str) -> Self {
        Self::about(function, "GET", path.to_owned())
    }

    /// Asks for something about a call or an endpoint.
    pub(crate) fn about(function: &'static str, method: &'static str, path: String) -> Self {
        Self { function, method, path, query: String::new(), body: None, key: None }
    }
}

/// The function's route, and what its path says in this request.
fn route(ask: &Ask) -> (String, BTreeMap<String, String>) {
    let Trigger::Http(route) = find(ask.function).unwrap().trigger else { panic!("{} has no route", ask.function) };
    let names = route.path.split('/').map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
    let parameters =
        names.zip(ask.path.split('/')).filter_map(|(name, value)| Some((name?.to_owned(), value.to_owned())));
    (format!("{} {}", route.method, route.path), parameters.collect())
}

impl World {
    /// Asks for a call until it is accepted. `None` where the client gave up.
    pub(crate) async fn creates_call(&self, to: &str, key: &str) -> Option<ConversationId> {
        self.creates_call_with(to, key, json!({})).await
    }

    /// The same, with further fields of the body.
    pub(crate) async fn creates_call_with(&self, to: &str, key: &str, more: Value) -> Option<ConversationId> {
        let reply = self.insists(&Ask::call(to, key, &more)).await?;
        if reply.status != 202 {
            self.finds(format!("create-call under {key} was answered {}: {}", reply.status, reply.body));
            return None;
        }
        let id = ConversationId::parse(reply.body["data"]["conversationId"].as_str().unwrap_or_default());
        let Some(id) = id else {
            self.finds(format!("an accepted call has no id: {}", reply.body));
            return None;
        };
        let mut clients = self.clients.borrow_mut();
        let (known, _) = clients.accepted.entry(key.to_owned()).or_insert_with(|| (id, to.to_owned()));
        if *known != id {
            let text = format!("the key {key} was answered with two conversations, {known} and {id}");
            clients.findings.push(text);
        }
        Some(id)
    }

    /// Asks for calls to these numbers in one bulk request, until each is decided; gives their ids. `None` where the client
    /// gave up.
    pub(crate) async fn creates_bulk(&self, numbers: &[&str], key: &str) -> Option<Vec<ConversationId>> {
        let of_key = |key: &str| ConversationId::for_key(&self.scope, Operation::LeversBulkItem, key);
        let ids: Vec<ConversationId> =
            (0..numbers.len()).map(|index| of_key(&format!("{}#{index}", of_key(key)))).collect();
        self.clients.borrow_mut().items.extend(&ids);
        let contacts: Vec<Value> = numbers.iter().map(|number| json!({"numberToCall": number})).collect();
        let agent = AgentId::for_slug(&self.scope.organization, AGENT);
        let body = json!({"contacts": contacts, "aiSettingsTemplateId": agent});
        let (function, path) = ("levers-call-bulk", "/ai/phone-calls/action/call-bulk".to_owned());
        let ask = Ask { function, method: "POST", path, query: String::new(), body: Some(body), key: Some(key.into()) };
        loop {
            let reply = self.insists(&ask).await?;
            if reply.status != 201 || reply.body["refused"] != 0 {
                self.finds(format!("levers-call-bulk was answered {}: {}", reply.status, reply.body));
                return None;
            }
            if reply.body["queued"] == 0 {
                return Some(ids);
            }
            sleep(FIRST_WAIT).await;
        }
    }

    /// Closes a call.
    pub(crate) async fn closes(&self, id: ConversationId, reason: &str) {
        let ask = Ask::close(&id.to_string(), &json!({"reason": reason}));
        let Some(reply) = self.insists(&ask).await else { return };
        if reply.status != 200 || reply.body["data"]["status"] != "ended" {
            self.finds(format!("close-call was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Registers an endpoint on this host. `None` where the client gave up.
    pub(crate) async fn creates_webhook(&self, host: &str, events: &[&str]) -> Option<Endpoint> {
        let reply = self.insists(&Ask::webhook(&format!("https://{host}/hooks"), events)).await?;
        if reply.status != 201 {
            self.finds(format!("create-webhook was answered {}: {}", reply.status, reply.body));
            return None;
        }
        let data = &reply.body["data"];
        let endpoint = Endpoint { id: data["id"].as_str().unwrap().to_owned(), host: host.to_owned() };
        let secret = data["secret"].as_str().unwrap();
        self.receiver.knows(host, Secret::parse(secret).unwrap());
        let mut clients = self.clients.borrow_mut();
        clients.secrets.push(secret.to_owned());
        clients.endpoints.insert(endpoint.id.clone(), endpoint.clone());
        Some(endpoint)
    }

    /// Deletes an endpoint.
    pub(crate) async fn deletes_webhook(&self, endpoint: &Endpoint) {
        let Some(reply) = self.insists(&Ask::deletion(&endpoint.id)).await else { return };
        // An earlier try may have deleted it, and its answer been lost.
        if !matches!(reply.status, 204 | 404) {
            self.finds(format!("delete-webhook was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Sends a request that has to be refused, and to leave nothing behind: no item, no message. Nothing else may go on in
    /// this world meanwhile.
    pub(crate) async fn is_refused(&self, ask: &Ask, status: u16, code: &str) {
        let before = self.holds();
        self.is_refused_meanwhile(ask, status, code).await;
        let left: Vec<Value> = self.holds().into_iter().filter(|held| !before.contains(held)).collect();
        if !left.is_empty() || self.holds().len() != before.len() {
            self.finds(format!("promise 7: {} {} was refused, and left {left:?}", ask.method, ask.path));
        }
    }

    /// The same, while other things go on: that nothing is left behind shows at the end only.
    pub(crate) async fn is_refused_meanwhile(&self, ask: &Ask, status: u16, code: &str) {
        self.clients.borrow_mut().refused.extend(ask.key.clone());
        let Some(reply) = self.insists(ask).await else { return };
        if reply.status != status || reply.body["error"]["code"] != code {
            self.finds(format!("expected {status} {code}, and was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Everything there is: every item of the table, every message.
    pub(crate) fn holds(&self) -> Vec<Value> {
        let messages = QueueName::ALL.map(|queue| (queue.as_str(), self.aws.queues.messages(queue.as_str())));
        let messages = messages.into_iter().flat_map(|(queue, messages)| {
            messages.into_iter().map(move |message| json!({"queue": queue, "id": message.id, "body": message.body}))
        });
        self.aws.database.dump(TABLE).into_iter().chain(messages).collect()
    }

    /// Waits until nothing is due, and no message is left.
    pub(crate) async fn rests(&self) {
        let quiet = async {
            while !self.is_quiet() {
                self.after_seconds(1).await;
            }
        };
        if timeout(PATIENCE, quiet).await.is_err() {
            self.finds("it does not come to rest".to_owned());
        }
    }

    fn is_quiet(&self) -> bool {
        let empty = |queue: QueueName| self.aws.queues.is_empty(queue.as_str());
        self.history.next_due_ms().is_none() && QueueName::ALL.into_iter().all(empty)
    }

    /// The events of a call, as a client reads them.
    pub(crate) async fn events(&self, id: ConversationId) -> Vec<Value> {
        let mut ask = Ask::about("list-call-events", "GET", format!("/v1/calls/{id}/events"));
        let mut events = Vec::new();
        loop {
            let Some(reply) = self.insists(&ask).await else { return events };
            events.extend(reply.body["data"].as_array().cloned().unwrap_or_default());
            let page = &reply.body["meta"]["pagination"];
            if page["has_more"] != true {
                return events;
            }
            ask.query = format!("cursor={}", page["cursor"].as_str().unwrap());
        }
    }

    /// Says what has to come of a conversation.
    pub(crate) fn expects(&self, expected: Expected) {
        self.clients.borrow_mut().expected.push(expected);
    }

    pub(crate) fn finds(&self, finding: String) {
        self.clients.borrow_mut().findings.push(finding);
    }

    /// Sends a request as often as it takes to get an answer that is not to be retried. `None` after the last try.
    pub(crate) async fn insists(&self, ask: &Ask) -> Option<Reply> {
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            match self.asks(ask).await {
                Some(reply) if !matches!(reply.status, 409 | 429 | 500..) => return Some(reply),
                Some(_) | None => sleep(wait).await,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        None
    }

    /// Sends a request once. `None` where the function died, or took too long.
    pub(crate) async fn asks(&self, ask: &Ask) -> Option<Reply> {
        if ask.function == "create-call" {
            self.clients.borrow_mut().asked.extend(ask.key.clone());
        }
        if ask.function == "create-sms-conversation" {
            self.clients.borrow_mut().texting.extend(ask.key.clone());
        }
        let answer = self.answers(ask.function, self.event(ask)).await?;
        let replayed = answer.headers.iter().any(|(name, value)| name == "idempotent-replayed" && value == "true");
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Some(Reply { status: answer.status, body, replayed, headers })
    }

    /// Has a function of the API answer an event. `None` where it died, or took too long.
    pub(crate) async fn answers(&self, function: &str, event: Value) -> Option<HttpAnswer> {
        let function = find(function).unwrap();
        // What a function needs on its way is large: on the heap it is out of the way of whoever asks.
        let work = Box::pin(invoke(&self.app, function, event));
        // As Lambda's runtime does.
        let work = grants::by(function.name, AssertUnwindSafe(work).catch_unwind());
        let ended = timeout(deployment::timeout(function.name), self.aws.gate.invocation(work)).await;
        let Ok(Ended::Finished(Ok(Ok(answer)))) = ended else { return None };
        Some(http_answer(&answer).expect("API Gateway understands the answer"))
    }

    fn event(&self, ask: &Ask) -> Value {
        let text = |text: &str| HeaderValue::from_str(text).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", text("api.example.com"));
        headers.insert("authorization", text(&format!("Bearer {}", self.key.reveal())));
        headers.insert("content-type", text("application/json"));
        if let Some(key) = &ask.key {
            headers.insert("idempotency-key", text(key));
        }
        let (route, parameters) = route(ask);
        let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
        self.clients.borrow_mut().requests += 1;
        http_event(&HttpRequest {
            method: ask.method,
            path: &ask.path,
            query: &ask.query,
            headers: &headers,
            body: body.as_bytes(),
            source_ip: "192.0.2.1",
            route_key: &route,
            parameters: &parameters,
            // As long as API Gateway's.
            request_id: &format!("{:015}=", self.clients.borrow().requests),
            now_ms: self.aws.clock.now_ms(),
        })
    }
}
