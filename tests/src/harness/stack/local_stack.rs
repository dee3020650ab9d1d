//! Running stack, with the operator's actions on it beside the API.

use std::ops::AsyncFn;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::agent::Agent;
use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::{AgentId, Channel, Mode, OrganizationId, Scope};
use domain::key::{ApiKey, Permission, RawKey};
use domain::limits::Limits;
use domain::organization::{Bounds, Defaults, Organization};
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::suppression::Suppression;
use domain::time::Timestamp;
use functions::{App, find, invoke};
use local::template::Names;
use local::{Connect, Data, Options, Stack, seed, wiring};
use providers::Bases;
use providers::egress::{Egress, EgressPolicy};
use serde_json::{Value, json};
use store::clock::Clock;
use store::entropy::Entropy;
use store::{Store, Table, keys};

use super::api::Api;

/// Longest wait for any condition here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// Interval at which a condition is checked that nothing signals.
const LOOK_EVERY: Duration = Duration::from_millis(50);

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// In-memory stack. Each test has its own.
pub(crate) struct LocalStack {
    pub(crate) stack: Stack,
    pub(crate) table: Table,
    pub(crate) api: Api,
}

impl LocalStack {
    pub(crate) async fn start() -> Self {
        let (template, parameters) = (TEMPLATE.to_owned(), Names::new());
        let clock = Clock::system();
        let options = Options {
            port: 0,
            data: Data::Memory,
            external: None,
            template,
            parameters,
            clock,
            secrets: no_secrets(),
            public_url: None,
        };
        Self::of(options, wiring::functions()).await
    }

    /// Starts a stack that reaches its providers at these addresses, with the secrets of a file.
    pub(crate) async fn with_providers(bases: Bases, secrets: PathBuf) -> Self {
        let (template, parameters) = (TEMPLATE.to_owned(), Names::new());
        let clock = Clock::system();
        let (data, external, public_url) = (Data::Memory, None, None);
        let options = Options { port: 0, data, external, template, parameters, clock, secrets, public_url };
        Self::of(options, wiring::functions_with(bases)).await
    }

    async fn of(options: Options, connect: Connect) -> Self {
        let stack = Stack::start(options, connect).await.expect("the stack starts");
        let table = stack.backend().table(&Clock::system(), Entropy::system()).expect("the template names a table");
        let seeded = seed::seed(&table, stack.url()).await.expect("the table takes the seed");
        let api = Api::new(stack.url(), &seeded.api_key);
        Self { stack, table, api }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.table.now()
    }

    /// Places a call under a key of its own and returns its id.
    pub(crate) async fn place(&self, key: &str, to: &str) -> String {
        self.api.post_once("/v1/calls", key, &call_to(to)).await.accepted()
    }

    pub(crate) async fn call(&self, id: &str) -> Value {
        self.api.get(&format!("/v1/calls/{id}")).await.data(200).clone()
    }

    /// Waits until a call has this status, and returns it.
    pub(crate) async fn call_when(&self, id: &str, status: &str) -> Value {
        let reached = async || Some(self.call(id).await).filter(|call| call["status"] == status);
        until(&format!("call {id} is {status}"), PATIENCE, reached).await
    }

    /// Returns the conversations that called this number, one entry for each call.
    pub(crate) async fn dials(&self, number: &str) -> Vec<String> {
        let answer = self.api.without_key().get(&format!("/_local/phone/{number}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let calls = answer.body["calls"].as_array().expect("a list of calls");
        calls.iter().filter_map(|call| call["conversationId"].as_str().map(str::to_owned)).collect()
    }

    pub(crate) async fn events(&self, id: &str) -> Vec<Value> {
        let answer = self.api.get(&format!("/v1/calls/{id}/events")).await;
        answer.data(200).as_array().expect("a list of events").clone()
    }

    /// Creates an organization with one voice agent, `voice`, that has no number of its own.
    pub(crate) async fn organization(&self, id: &str) -> Scope {
        self.organization_with(id, Vec::new()).await
    }

    /// Creates an organization with one voice agent. It may send from these numbers.
    pub(crate) async fn organization_with(&self, id: &str, numbers: Vec<PhoneNumber>) -> Scope {
        let organization = OrganizationId::parse(id).expect("an organization's id");
        let made = Organization {
            id: organization.clone(),
            name: id.to_owned(),
            suspended: false,
            cursor_key: domain::digest::hex(&self.table.entropy().bytes::<24>().expect("randomness")),
            numbers,
            former_numbers: Vec::new(),
            defaults: Defaults::default(),
            bounds: Bounds::default(),
            endpoints: Vec::new(),
        };
        assert!(self.table.create_organization(&made).await.expect("the table takes it"), "{id} is new");
        let scope = Scope { organization, mode: Mode::Test };
        self.agent(&scope, "voice", |_| {}).await;
        scope
    }

    /// Changes an organization, as the operator's command does.
    pub(crate) async fn edits(&self, scope: &Scope, edit: impl Fn(&mut Organization)) {
        let audit = AuditEntry {
            at: self.now(),
            actor: Actor::Operator,
            action: Action::OrganizationUpdated,
            target: scope.organization.to_string(),
            mode: None,
            changed: Vec::new(),
        };
        let edited = self.table.edit_organization(&scope.organization, &audit, |organization| {
            edit(organization);
            Ok::<(), ()>(())
        });
        assert!(matches!(edited.await.expect("the table takes it"), store::Edited::Done(_)));
    }

    /// Creates an agent.
    pub(crate) async fn agent(&self, scope: &Scope, slug: &str, change: impl FnOnce(&mut Agent)) -> AgentId {
        let id = AgentId::for_slug(&scope.organization, slug);
        let mut agent = Agent {
            id,
            mode: Some(scope.mode),
            retired_at: None,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            channel: Channel::Voice,
            provider: Provider::Simulator,
            version: 1,
            number: None,
            external_id: None,
            prompt: None,
            required_variables: Vec::new(),
            limits: Limits::default(),
            retention: None,
            voice: None,
            sms: None,
        };
        change(&mut agent);
        self.table.put_agent(&scope.organization, &agent).await.expect("the table takes it");
        id
    }

    /// Creates a key with every permission and no expiry. `change` may restrict it.
    pub(crate) async fn key(&self, scope: &Scope, change: impl FnOnce(&mut ApiKey)) -> String {
        let raw = RawKey::new(scope.clone(), self.table.entropy().bytes().expect("randomness"));
        let mut key = ApiKey {
            name: "a test's".to_owned(),
            permissions: Permission::ALL.to_vec(),
            created_at: self.now(),
            expires_at: None,
            revoked_at: None,
            limits: domain::quota::Limits::default(),
            made_with: None,
            counted_with: Vec::new(),
        };
        change(&mut key);
        self.table.put_api_key(&raw, &key).await.expect("the table takes it");
        raw.reveal().to_owned()
    }

    pub(crate) async fn suppress(&self, scope: &Scope, number: &str) {
        let number = PhoneNumber::parse(number).expect("a phone number");
        let entry =
            Suppression { phone_number: Some(number.clone()), source: "manual".to_owned(), created_at: self.now() };
        self.table.suppress(scope, &number, &entry).await.expect("the table takes it");
    }

    /// Suspends an organization, by a write of its item.
    pub(crate) async fn suspend(&self, scope: &Scope) {
        let key = keys::organization(&scope.organization);
        let dynamodb = &self.stack.backend().dynamodb;
        let name = self.stack.backend().environments["create-call"]["TABLE_NAME"].clone();
        let read = dynamodb.get_item().table_name(&name).consistent_read(true);
        let read = read.key(keys::PK, AttributeValue::S(key.pk)).key(keys::SK, AttributeValue::S(key.sk));
        let mut item = read.send().await.expect("the table answers").item.expect("the organization");
        let data = item["data"].as_s().expect("it is text");
        let mut organization: Value = serde_json::from_str(data).expect("it is JSON");
        organization["suspended"] = json!(true);
        item.insert("data".to_owned(), AttributeValue::S(organization.to_string()));
        dynamodb.put_item().table_name(&name).set_item(Some(item)).send().await.expect("the table takes it");
    }
}

/// Returns the path of a secrets file that does not exist.
pub(crate) fn no_secrets() -> PathBuf {
    PathBuf::from("there-is-no-such-file.json")
}

/// Returns the scope of the stack's own key.
pub(crate) fn dev() -> Scope {
    Scope { organization: OrganizationId::parse("dev").expect("an id"), mode: Mode::Test }
}

/// Returns the smallest request for a call.
pub(crate) fn call_to(number: &str) -> Value {
    json!({ "agentSlug": "demo-voice", "toNumber": number })
}

/// Invokes a function of the API with an event of API Gateway. Returns the status and the body.
pub(crate) async fn invoke_http(world: &LocalStack, name: &str, allow_insecure: bool, event: Value) -> (u64, Value) {
    let store = Store { table: world.table.clone(), queues: world.stack.backend().queues().expect("the queues") };
    let app = App::new(store, Egress::new(EgressPolicy { allow_insecure }).expect("TLS is there"));
    let function = find(name).expect("the registry has it");
    let answer = invoke(&app, function, event).await.expect("a request is always answered");
    let body = answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
    (answer["statusCode"].as_u64().expect("a status"), body.unwrap_or_default())
}

/// Repeats `probe` until it returns a value. Panics after `patience`.
pub(crate) async fn until<T>(what: &str, patience: Duration, probe: impl AsyncFn() -> Option<T>) -> T {
    let look = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(patience, look).await.unwrap_or_else(|_| panic!("{what}: not after {patience:?}"))
}
