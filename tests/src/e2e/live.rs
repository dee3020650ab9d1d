//! A stack with an organization that calls through a live provider: a fake of it, in tests.

use std::io::Write as _;

use domain::ids::{Mode, Scope};
use domain::organization::{Agent, Provider};
use domain::phone::PhoneNumber;
use domain::time::Timestamp;
use providers::Bases;
use serde_json::{Value, json};

use super::api::Api;
use super::world::World;

/// The number that the organization calls from.
pub(super) const OURS: &str = "+15555550100";

/// The stack, and the organization's key.
pub(super) struct Live {
    world: World,
    scope: Scope,
    api: Api,
    _secrets: tempfile::NamedTempFile,
}

impl Live {
    /// Starts a stack whose providers are to be had at these addresses, with these secrets.
    pub(super) async fn start(bases: Bases, secrets: Value) -> Self {
        let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
        file.write_all(secrets.to_string().as_bytes()).expect("it can be written");
        let world = World::with_providers(bases, file.path().to_owned()).await;
        let numbers = vec![PhoneNumber::parse(OURS).expect("a number")];
        let test = world.organization_with("acme", numbers).await;
        let scope = Scope { mode: Mode::Live, ..test };
        let key = world.key(&scope, |_| {}).await;
        let api = world.api.with_key(&key);
        Self { world, scope, api, _secrets: file }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    pub(super) fn organization(&self) -> &str {
        self.scope.organization.as_str()
    }

    /// Makes an agent that calls through a provider.
    pub(super) async fn agent(&self, slug: &str, provider: Provider, change: impl FnOnce(&mut Agent)) {
        self.world
            .agent(&self.scope, slug, |agent| {
                agent.provider = provider;
                agent.number = PhoneNumber::parse(OURS).ok();
                change(agent);
            })
            .await;
    }

    /// Places a call; gives its id.
    pub(super) async fn calls(&self, agent: &str, to: &str) -> String {
        self.calls_with(agent, to, json!({})).await
    }

    /// Places a call with more than the least; gives its id.
    pub(super) async fn calls_with(&self, agent: &str, to: &str, more: Value) -> String {
        let mut request = json!({ "agentSlug": agent, "toNumber": to });
        request.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.api.post_once("/v1/calls", to, &request).await.accepted()
    }

    pub(super) async fn call(&self, id: &str) -> Value {
        self.api.get(&format!("/v1/calls/{id}")).await.data(200).clone()
    }

    pub(super) async fn events(&self, id: &str) -> Vec<Value> {
        let answer = self.api.get(&format!("/v1/calls/{id}/events")).await;
        answer.data(200).as_array().expect("a list of events").clone()
    }

    pub(super) async fn closes(&self, id: &str) {
        self.api.post(&format!("/v1/calls/{id}/close"), &json!({})).await.data(200);
    }

    /// The status of a request for the recording, and where it leads.
    pub(super) async fn recording(&self, id: &str) -> (u16, String) {
        let answer = self.api.get(&format!("/v1/calls/{id}/recording")).await;
        let location = answer.headers.get("location").and_then(|location| location.to_str().ok());
        (answer.status, location.unwrap_or_default().to_owned())
    }

    /// Calls back as a provider does; gives the status.
    pub(super) async fn callback(&self, path: &str, body: &str, header: &str, signature: Option<&str>) -> u16 {
        let request = self.api.without_key().request(reqwest::Method::POST, path);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let request = match signature {
            Some(signature) => request.header(header, signature),
            None => request,
        };
        request.send().await.expect("the stack answers").status().as_u16()
    }
}
