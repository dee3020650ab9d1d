//! Clients of the organization: the requests they send, how they retry, and the answers they received.

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
use crate::harness::aws::gate::Ended;
use crate::harness::aws::grants;

/// Number of times that a client sends a request before it gives up.
const TRIES: u32 = 12;
/// Wait after the first failure. The wait doubles after each failure, up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// API request of a client.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) function: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Option<Value>,
    pub(crate) key: Option<String>,
}

/// Answer to an [`Ask`].
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) replayed: bool,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Webhook endpoint, as its owner knows it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) host: String,
}

/// Everything the clients asked for and learned.
#[derive(Default)]
pub(crate) struct Clients {
    /// Conversation and called number accepted for each idempotency key.
    pub(crate) accepted: BTreeMap<String, (ConversationId, String)>,
    /// Idempotency keys of all calls that were asked for.
    pub(crate) asked: BTreeSet<String>,
    /// Conversation ids of all bulk items that were asked for.
    pub(crate) items: BTreeSet<ConversationId>,
    /// Idempotency keys whose requests had to be refused.
    pub(crate) refused: BTreeSet<String>,
    /// SMS conversation and customer's number accepted for each idempotency key.
    pub(crate) texted: BTreeMap<String, (ConversationId, String)>,
    /// Idempotency keys of all SMS conversations that were asked for.
    pub(crate) texting: BTreeSet<String>,
    /// Expected outcome of each SMS conversation.
    pub(crate) texted_outcomes: Vec<super::texting::Outcome>,
    /// Number of SMS messages that customers wrote on their own initiative.
    pub(crate) written: usize,
    /// Webhook endpoints that were created, by id.
    pub(crate) endpoints: BTreeMap<String, Endpoint>,
    /// Promises that were broken.
    pub(crate) findings: Vec<String>,
    /// Expected outcome of each call.
    pub(crate) expected: Vec<Expected>,
    /// Number of requests that were sent.
    requests: u64,
    /// Secret or personal values that were sent or received. None of them may appear in a log.
    pub(crate) secrets: Vec<String>,
}

/// Expected outcome of a call.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// The call ends with the first of these reasons. After a crash, any of them is allowed.
    Ends(ConversationId, &'static [&'static str]),
    /// The call ends as `Ends` demands, or with this other reason.
    EndsOr(ConversationId, &'static [&'static str], &'static str),
    /// The call is never dialled.
    NeverDialled(ConversationId),
}

impl Ask {
    /// Builds a request for a call, with further fields of the body.
    pub(crate) fn call(to: &str, key: &str, more: &Value) -> Self {
        let mut body = json!({"agentSlug": AGENT, "toNumber": to});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let (path, query) = ("/v1/calls".to_owned(), String::new());
        Self { function: "create-call", method: "POST", path, query, body: Some(body), key: Some(key.into()) }
    }

    /// Builds a request that registers a webhook endpoint.
    pub(crate) fn webhook(url: &str, events: &[&str]) -> Self {
        let body = Some(json!({"url": url, "events": events}));
        let (path, query) = ("/v1/webhooks".to_owned(), String::new());
        let key = Some(format!("hook-{url}"));
        Self { function: "create-webhook", method: "POST", path, query, body, key }
    }

    /// Builds a request that deletes a webhook endpoint.
    pub(crate) fn deletion(id: &str) -> Self {
        Self::about("delete-webhook", "DELETE", format!("/v1/webhooks/{id}"))
    }

    /// Builds a request that closes a call.
    pub(crate) fn close(id: &str, body: &Value) -> Self {
        let ask = Self::about("close-call", "POST", format!("/v1/calls/{id}/close"));
        Self { body: Some(body.clone()), ..ask }
    }

    /// Builds a request for a list.
    pub(crate) fn list(function: &'static str, path: &str) -> Self {
        Self::about(function, "GET", path.to_owned())
    }

    /// Builds a request about a call or an endpoint, with neither a body nor an idempotency key.
    pub(crate) fn about(function: &'static str, method: &'static str, path: String) -> Self {
        Self { function, method, path, query: String::new(), body: None, key: None }
    }
}

/// Returns the route key of the function and the path parameters of this request.
fn route(ask: &Ask) -> (String, BTreeMap<String, String>) {
    let Trigger::Http(route) = find(ask.function).unwrap().trigger else { panic!("{} has no route", ask.function) };
    let names = route.path.split('/').map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')));
    let parameters =
        names.zip(ask.path.split('/')).filter_map(|(name, value)| Some((name?.to_owned(), value.to_owned())));
    (format!("{} {}", route.method, route.path), parameters.collect())
}

impl World {
    /// Asks for a call until it is accepted. Returns `None` if the client gave up or the call was refused.
    pub(crate) async fn creates_call(&self, to: &str, key: &str) -> Option<ConversationId> {
        self.creates_call_with(to, key, json!({})).await
    }

    /// Asks for a call like [`World::creates_call`], with further fields of the body.
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

    /// Asks for calls to these numbers in one bulk request, and repeats it until every item is decided. Returns the ids
    /// of the calls, or `None` if the client gave up or an item was refused.
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

    /// Registers an endpoint on this host. Returns `None` if the client gave up or the request was refused.
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
        // An earlier try may have deleted the endpoint before its answer was lost.
        if !matches!(reply.status, 204 | 404) {
            self.finds(format!("delete-webhook was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Sends a request that has to be refused and must leave no item and no message behind. Nothing else may happen in
    /// this world at the same time.
    pub(crate) async fn is_refused(&self, ask: &Ask, status: u16, code: &str) {
        let before = self.holds();
        self.is_refused_meanwhile(ask, status, code).await;
        let left: Vec<Value> = self.holds().into_iter().filter(|held| !before.contains(held)).collect();
        if !left.is_empty() || self.holds().len() != before.len() {
            self.finds(format!("promise 7: {} {} was refused, and left {left:?}", ask.method, ask.path));
        }
    }

    /// Sends a request that has to be refused while other work goes on. Leftovers of the request only show at the end
    /// of the run.
    pub(crate) async fn is_refused_meanwhile(&self, ask: &Ask, status: u16, code: &str) {
        self.clients.borrow_mut().refused.extend(ask.key.clone());
        let Some(reply) = self.insists(ask).await else { return };
        if reply.status != status || reply.body["error"]["code"] != code {
            self.finds(format!("expected {status} {code}, and was answered {}: {}", reply.status, reply.body));
        }
    }

    /// Returns every item of the table and every message of the queues.
    pub(crate) fn holds(&self) -> Vec<Value> {
        let messages = QueueName::ALL.map(|queue| (queue.as_str(), self.aws.queues.messages(queue.as_str())));
        let messages = messages.into_iter().flat_map(|(queue, messages)| {
            messages.into_iter().map(move |message| json!({"queue": queue, "id": message.id, "body": message.body}))
        });
        self.aws.database.dump(TABLE).into_iter().chain(messages).collect()
    }

    /// Waits until no action is pending and no message is left.
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

    /// Returns all events of a call, as a client reads them page by page.
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

    /// Declares the expected outcome of a call.
    pub(crate) fn expects(&self, expected: Expected) {
        self.clients.borrow_mut().expected.push(expected);
    }

    pub(crate) fn finds(&self, finding: String) {
        self.clients.borrow_mut().findings.push(finding);
    }

    /// Sends a request until it gets an answer that is not to be retried. Returns `None` after the last try.
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

    /// Sends a request once. Returns `None` if the function died or timed out.
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

    /// Invokes a function of the API with an event. Returns `None` if the function died, failed or timed out.
    pub(crate) async fn answers(&self, function: &str, event: Value) -> Option<HttpAnswer> {
        let function = find(function).unwrap();
        // The future of a function is large. Boxing it keeps it out of the caller's own future.
        let work = Box::pin(invoke(&self.app, function, event));
        // Lambda's runtime also catches panics.
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
            // As long as a request id of API Gateway.
            request_id: &format!("{:015}=", self.clients.borrow().requests),
            now_ms: self.aws.clock.now_ms(),
        })
    }
}
