//! Stack with an organization that calls through a live provider. In tests, the provider is a fake.

use std::io::Write as _;
use std::time::Duration;

use domain::agent::Agent;
use domain::ids::{Mode, Scope};
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::time::Timestamp;
use providers::Bases;
use serde_json::{Value, json};

use super::api::Api;
use super::local_stack::{LocalStack, until};

/// Number that the organization calls from, in E.164.
pub(crate) const OURS: &str = "+15555550100";

/// Longest time that a call may take here: a provider's timeout, and searches after it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Running stack with the organization's key.
pub(crate) struct Live {
    world: LocalStack,
    scope: Scope,
    api: Api,
    _secrets: tempfile::NamedTempFile,
}

impl Live {
    /// Starts a stack that reaches its providers at these addresses, with these secrets.
    pub(crate) async fn start(bases: Bases, secrets: Value) -> Self {
        let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
        file.write_all(secrets.to_string().as_bytes()).expect("it can be written");
        let world = LocalStack::with_providers(bases, file.path().to_owned()).await;
        let numbers = vec![PhoneNumber::parse(OURS).expect("a number")];
        let test = world.organization_with("acme", numbers).await;
        let scope = Scope { mode: Mode::Live, ..test };
        let key = world.key(&scope, |_| {}).await;
        let api = world.api.with_key(&key);
        Self { world, scope, api, _secrets: file }
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }

    pub(crate) fn organization(&self) -> &str {
        self.scope.organization.as_str()
    }

    /// Creates an agent that calls through a provider.
    pub(crate) async fn agent(&self, slug: &str, provider: Provider, change: impl FnOnce(&mut Agent)) {
        self.world
            .agent(&self.scope, slug, |agent| {
                agent.provider = provider;
                agent.number = PhoneNumber::parse(OURS).ok();
                change(agent);
            })
            .await;
    }

    /// Places a call and returns its id.
    pub(crate) async fn calls(&self, agent: &str, to: &str) -> String {
        self.calls_with(agent, to, json!({})).await
    }

    /// Places a call with additional fields and returns its id.
    pub(crate) async fn calls_with(&self, agent: &str, to: &str, more: Value) -> String {
        let mut request = json!({ "agentSlug": agent, "toNumber": to });
        request.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.api.post_once("/v1/calls", to, &request).await.accepted()
    }

    pub(crate) async fn call(&self, id: &str) -> Value {
        self.api.get(&format!("/v1/calls/{id}")).await.data(200).clone()
    }

    pub(crate) async fn events(&self, id: &str) -> Vec<Value> {
        let answer = self.api.get(&format!("/v1/calls/{id}/events")).await;
        answer.data(200).as_array().expect("a list of events").clone()
    }

    pub(crate) async fn closes(&self, id: &str) {
        self.api.post(&format!("/v1/calls/{id}/close"), &json!({})).await.data(200);
    }

    /// Returns the status and the `location` header of a request for the recording.
    pub(crate) async fn recording(&self, id: &str) -> (u16, String) {
        let answer = self.api.get(&format!("/v1/calls/{id}/recording")).await;
        let location = answer.headers.get("location").and_then(|location| location.to_str().ok());
        (answer.status, location.unwrap_or_default().to_owned())
    }

    /// Waits until an event of this name is among a call's events, and returns them all.
    pub(crate) async fn events_with(&self, id: &str, name: &str) -> Vec<Value> {
        let there = async || {
            let events = self.events(id).await;
            events.iter().any(|event| event["event"] == name).then_some(events)
        };
        until(&format!("{id} has {name}"), PATIENCE, there).await
    }

    /// Waits until the call is over. Returns the call and its events.
    pub(crate) async fn over(&self, id: &str) -> (Value, Vec<Value>) {
        let events = self.events_with(id, "call.ended").await;
        (self.call(id).await, events)
    }

    /// Waits until the call is answered.
    pub(crate) async fn is_answered(&self, id: &str) {
        let answered = async || (self.call(id).await["status"] == "in_progress").then_some(());
        until("it is answered", PATIENCE, answered).await;
    }

    /// Sends a callback as a provider does. Returns the status of the answer.
    pub(crate) async fn callback(&self, path: &str, body: &str, header: &'static str, signature: Option<&str>) -> u16 {
        let headers: Vec<(&'static str, String)> =
            signature.map(|signature| (header, signature.to_owned())).into_iter().collect();
        self.callback_with(path, body, &headers).await
    }

    /// Sends a callback with any headers. Returns the status of the answer.
    pub(crate) async fn callback_with(&self, path: &str, body: &str, headers: &[(&'static str, String)]) -> u16 {
        let request = self.api.without_key().request(reqwest::Method::POST, path);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        request.send().await.expect("the stack answers").status().as_u16()
    }
}
