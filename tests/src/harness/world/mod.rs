//! Simulated world around the real program. It consists of the functions, the events that AWS sends them, the clients,
//! and the clients' webhook endpoints. A [`History`] records every change of the table.
//!
//! Scenarios use the domain's words (`world.creates_call(…)`, `world.closes(…)`). Meanwhile [`World::runs`] invokes the
//! consumers and the schedule in virtual time until nothing is left to do. Then the [`auditor`] checks every promise.
//!
//! One thread, one seed: the same seed gives the same run.

pub(crate) mod auditor;
mod client;
mod deployment;
mod history;
mod logs;
pub(crate) mod parameters;
mod receiver;
mod texting;
mod workers;

use std::cell::RefCell;
use std::future::Future;

use domain::agent::Agent;
use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::{AgentId, Channel, ConversationId, Mode, OrganizationId, Scope};
use domain::key::{ApiKey, Permission, RawKey};
use domain::limits::Limits;
use domain::organization::{Bounds, Defaults, Organization};
use domain::phone::PhoneNumber;
use domain::provider::Provider;
use domain::retention::Retention;
use domain::suppression::Suppression;
use domain::time::Timestamp;
use domain::wallet::Rate;
use functions::App;
use providers::egress::{Egress, EgressPolicy};
use store::clock::Clock;
use store::entropy::Entropy;
use store::{QueueName, QueueUrls, Queues, Store, Table};

use crate::harness::aws::SimulatedAws;
use crate::harness::aws::clock::START_MS;
use crate::harness::aws::queue::QueueSettings;
use crate::harness::aws::sqs;

pub(crate) use client::{Ask, Expected, Reply};
pub(crate) use history::{Carried, Dial, History};
pub(crate) use receiver::{Behaviour, Reaction};
pub(crate) use texting::{TEXTER, silent_texts};
pub(crate) use workers::Habits;

/// Slug of the voice agent.
pub(crate) const AGENT: &str = "reception";
/// Number that the voice agent calls from, in E.164.
pub(crate) const AGENT_NUMBER: &str = "+15555550100";
/// Name of the DynamoDB table.
pub(crate) const TABLE: &str = "ringdown";

/// Longest time that a client waits for a call or a conversation to reach the expected state.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3 * 3_600);

/// Program under test and everything around it.
pub(crate) struct World {
    pub(crate) aws: SimulatedAws,
    pub(crate) app: App,
    /// Operator's access to the table. It bypasses the gate, so its requests are neither counted nor disturbed.
    pub(crate) operator: Table,
    pub(crate) receiver: receiver::Receiver,
    pub(crate) history: History,
    pub(crate) habits: RefCell<Habits>,
    pub(crate) clients: RefCell<client::Clients>,
    pub(crate) scope: Scope,
    pub(crate) logs: logs::Logs,
    /// Source of the calls that a live provider placed. It returns none if the simulator places them.
    pub(crate) carried: RefCell<Carrier>,
    pub(crate) key: RawKey,
}

/// Function that returns the calls placed at a live provider.
pub(crate) type Carrier = Box<dyn Fn() -> Vec<Placed>>;

/// Call that was placed at a provider.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) conversation: ConversationId,
    pub(crate) attempt: u32,
    pub(crate) placed_at: Timestamp,
    /// End of the call at the provider, even if the program never learns of it.
    pub(crate) over_at: Timestamp,
    /// `true` if the provider never reports the call.
    pub(crate) hidden: bool,
}

/// Runs a simulation to its end, on a runtime of its own with a paused clock. The clock only advances while no task can
/// run.
pub(crate) fn simulate<T>(simulation: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(simulation)
}

impl World {
    /// Creates a world with the deployment's table and queues, one organization, its key, and its two agents. The
    /// requests of this setup are not counted.
    pub(crate) async fn new(seed: u64) -> Self {
        let aws = SimulatedAws::new(seed, TABLE, deployment::table());
        for queue in QueueName::ALL {
            let (settings, name) = (deployment::queue(queue), queue.as_str().to_owned());
            let dead_letter = Some((format!("{name}-dead"), settings.max_receive_count));
            aws.queues.create(&name, QueueSettings { visibility_timeout: settings.visibility_timeout, dead_letter });
        }
        let history = History::new(aws.clock);
        aws.database.watch(history.watcher());
        let clock = Clock::of_runtime(Timestamp::from_milliseconds(START_MS));
        let entropy = Entropy::seeded(seed);
        let table = Table::new(aws.dynamodb.clone(), TABLE, clock.clone(), entropy);
        let operator = Table::new(aws.past_the_gate(seed), TABLE, clock, Entropy::seeded(!seed));
        let url = |queue: QueueName| sqs::url(queue.as_str());
        let urls = QueueUrls {
            dispatch: url(QueueName::Dispatch),
            webhooks: url(QueueName::Webhooks),
            turns: url(QueueName::Turns),
            simulator: url(QueueName::Simulator),
            bulk: url(QueueName::Bulk),
        };
        let queues = Queues::new(aws.sqs.clone(), urls, true);
        let receiver = receiver::Receiver::new(aws.gate.clone(), aws.clock);
        let egress = Egress::through(EgressPolicy::default(), receiver.exchange());
        let organization = OrganizationId::parse("acme").unwrap();
        let scope = Scope { organization, mode: Mode::Test };
        let world = Self {
            app: App::new(Store { table, queues }, egress),
            operator,
            receiver,
            history,
            habits: RefCell::new(Habits::default()),
            clients: RefCell::default(),
            logs: logs::Logs::capture(),
            carried: RefCell::new(Box::new(Vec::new)),
            key: RawKey::new(scope.clone(), [7; 24]),
            scope,
            aws,
        };
        world.seed().await;
        world
    }

    async fn seed(&self) {
        let id = &self.scope.organization;
        let organization = Organization {
            id: id.clone(),
            name: "Acme".to_owned(),
            suspended: false,
            cursor_key: "c0ffee".to_owned(),
            numbers: vec![number(AGENT_NUMBER)],
            former_numbers: Vec::new(),
            defaults: Defaults::default(),
            bounds: Bounds::default(),
            endpoints: Vec::new(),
        };
        self.operator.create_organization(&organization).await.unwrap();
        self.operator.put_agent(id, &voice_agent(id)).await.unwrap();
        self.operator.put_agent(id, &texting::agent(id)).await.unwrap();
        self.add_key(self.key.clone()).await;
    }

    /// Stores an API key with every permission. The key counts as just used, because noting its use is no part of what
    /// is simulated.
    pub(crate) async fn add_key(&self, raw: RawKey) {
        let key = ApiKey {
            name: "simulation".to_owned(),
            permissions: Permission::ALL.to_vec(),
            created_at: self.now(),
            expires_at: None,
            revoked_at: None,
            limits: domain::quota::Limits::default(),
            made_with: None,
            counted_with: Vec::new(),
        };
        self.operator.put_api_key(&raw, &key).await.unwrap();
        self.operator.note_key_used(&raw, self.now()).await.unwrap();
    }

    /// Switches the world to live mode and to this provider. The key becomes a live key, and the agents call and text
    /// through the provider. Returns the new key.
    pub(crate) async fn goes_live(
        &mut self,
        provider: Provider,
        voice: domain::voice_settings::VoiceSettings,
        outside: providers::Outside,
    ) -> RawKey {
        self.app = App::with(self.app.store.clone(), outside);
        self.scope.mode = Mode::Live;
        self.key = RawKey::new(self.scope.clone(), [9; 24]);
        self.add_key(self.key.clone()).await;
        let id = self.scope.organization.clone();
        let (mode, number) = (Some(Mode::Live), Some(number(AGENT_NUMBER)));
        let calls = Agent { mode, provider, voice: Some(voice), ..voice_agent(&id) };
        self.operator.put_agent(&id, &calls).await.unwrap();
        let texts = Agent { mode, provider, number, sms: Some(silent_texts()), ..texting::agent(&id) };
        self.operator.put_agent(&id, &texts).await.unwrap();
        self.key.clone()
    }

    /// Returns the current virtual time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.aws.clock.now_ms())
    }

    /// Lets this many virtual seconds pass.
    pub(crate) async fn after_seconds(&self, seconds: u64) {
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    }

    /// Opts a number out, as an operator does, or the customer by another channel.
    pub(crate) async fn suppresses(&self, to: &str) {
        let entry = Suppression { phone_number: Some(number(to)), source: "manual".to_owned(), created_at: self.now() };
        self.operator.suppress(&self.scope, &number(to), &entry).await.unwrap();
    }

    /// Meters the organization at 15 cents a minute and credits its wallet with this many cents. A second credit under
    /// the same reference must have no effect.
    pub(crate) async fn enable_metering(&self, cents: i64) {
        let rate = Rate { per_minute_minor: 15, currency: "USD".to_owned() };
        self.operator.meter(&self.scope, &rate).await.unwrap();
        assert!(self.operator.credit(&self.scope, cents, "the-first").await.unwrap());
        assert!(!self.operator.credit(&self.scope, cents, "the-first").await.unwrap(), "once for every reference");
    }

    /// Sets the shortest retention, a week, on both agents. It applies to conversations from now on.
    pub(crate) async fn keeps_for_a_week(&self) {
        let id = &self.scope.organization;
        let (mode, retention) = (Some(self.scope.mode), Retention::of_days(Retention::SHORTEST_DAYS));
        for agent in [voice_agent(id), texting::agent(id)] {
            self.operator.put_agent(id, &Agent { mode, retention, ..agent }).await.unwrap();
        }
    }

    /// Limits how many calls of the organization may be open at the same time.
    pub(crate) async fn set_concurrent_calls(&self, limit: u32) {
        self.edits_organization(|organization| organization.bounds.concurrent_calls = Some(limit)).await;
    }

    /// Suspends the organization.
    pub(crate) async fn suspend_organization(&self) {
        self.edits_organization(|organization| organization.suspended = true).await;
    }

    pub(crate) async fn edits_organization(&self, edit: impl Fn(&mut Organization)) {
        let audit = AuditEntry {
            at: self.now(),
            actor: Actor::Operator,
            action: Action::OrganizationUpdated,
            target: self.scope.organization.to_string(),
            mode: None,
            changed: Vec::new(),
        };
        let edited = |organization: &mut Organization| {
            edit(organization);
            Ok::<(), ()>(())
        };
        let edited = self.operator.edit_organization(&self.scope.organization, &audit, edited).await.unwrap();
        assert!(matches!(edited, store::Edited::Done(_)));
    }

    /// Sets rate limits on the key that every request uses.
    pub(crate) async fn set_key_limits(&self, limits: domain::quota::Limits) {
        let key = ApiKey {
            name: "limited".to_owned(),
            permissions: Permission::ALL.to_vec(),
            created_at: self.now(),
            expires_at: None,
            revoked_at: None,
            limits,
            made_with: None,
            counted_with: Vec::new(),
        };
        self.operator.put_api_key(&self.key, &key).await.unwrap();
    }

    /// Makes every request use this key from now on.
    pub(crate) fn comes_with(&mut self, key: RawKey) {
        self.key = key;
    }

    /// Waits until the stored call satisfies a condition. Records a finding if that takes longer than the longest wait.
    pub(crate) async fn sees(&self, id: ConversationId, what: impl Fn(&domain::call::Call) -> bool) {
        let seen = async {
            while !self.history.call(id).is_some_and(|call| what(&call)) {
                self.history.changes().await;
            }
        };
        if tokio::time::timeout(PATIENCE, seen).await.is_err() {
            self.finds(format!("{id} has not become what was waited for: {:?}", self.history.call(id)));
        }
    }
}

/// Returns the agent that places every call of the world.
fn voice_agent(organization: &OrganizationId) -> Agent {
    Agent {
        id: AgentId::for_slug(organization, AGENT),
        mode: Some(Mode::Test),
        retired_at: None,
        slug: AGENT.to_owned(),
        name: "Reception".to_owned(),
        channel: Channel::Voice,
        provider: Provider::Simulator,
        version: 1,
        number: Some(number(AGENT_NUMBER)),
        external_id: None,
        prompt: None,
        required_variables: Vec::new(),
        limits: Limits::default(),
        retention: None,
        voice: None,
        sms: None,
    }
}

/// Parses a phone number in E.164. Panics if it is invalid.
pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}
