//! The simulated world the real program runs in: one thread, one seed, virtual time.
//!
//! The real AWS SDK stands on a [`connector`] of our own. Every request it makes passes the [`gate`], which counts it,
//! delays it, and does to it what the plan in [`faults`] says; then it reaches [`dynamo`] or [`sqs`], both in process.
//! Requests to anybody else pass the same gate. The same seed gives the same run, to the millisecond.
//!
//! What a test (or the program under it) must not do, or two runs of a seed differ: start a thread or block on one,
//! read the real clock, iterate over a `HashMap`, or `select!` without `biased` (tokio draws the order from a generator
//! that has no seed).

pub mod answer;
pub mod clock;
pub mod connector;
pub mod dynamo;
pub mod faults;
pub mod gate;
pub mod grants;
pub mod lambda;
pub mod meter;
pub mod queue;
mod replica;
pub mod sqs;

mod aws_tests;
mod fault_tests;
mod fixture;
mod queue_tests;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use tracing::subscriber::NoSubscriber;

use clock::VirtualClock;
use connector::Connector;
use dynamo::Dynamo;
use gate::Gate;
use meter::Meter;
use sqs::Sqs;

/// The region everything is in.
pub const REGION: &str = "us-east-1";
/// The account everything belongs to, AWS's own example.
pub const ACCOUNT: &str = "123456789012";
/// As in the deployment.
const ATTEMPTS: u32 = 3;

/// AWS, simulated, and the real clients connected to it.
#[derive(Clone, Debug)]
pub struct SimulatedAws {
    /// The real client of the simulated DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The real client of the simulated SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// The HTTP client below both, for building clients of one's own.
    pub http: SharedHttpClient,
    /// Where every request is counted and goes wrong.
    pub gate: Gate,
    /// The queues, for the poller.
    pub queues: Sqs,
    /// The database, for the auditor: what it reads here is no request.
    pub database: Dynamo,
    /// What the requests consume of the database, where it is asked to know.
    pub meter: Meter,
    /// Virtual time.
    pub clock: VirtualClock,
}

impl SimulatedAws {
    /// A world with this table, made from the properties it has in template.yaml, and no queue. Has to be called within
    /// the current-thread runtime, its clock paused, on which everything then runs.
    pub fn new(seed: u64, table_name: &str, table_properties: &Value) -> Self {
        // The SDK draws its jitter and its ids from the thread's generator. For each span it draws one more, as long as no
        // subscriber was ever set in this process, by whichever test: tracing offers such spans to the `log` crate.
        drop(tracing::subscriber::set_default(NoSubscriber::new()));
        fastrand::seed(seed);
        let clock = VirtualClock::start();
        let mut seeds = fastrand::Rng::with_seed(seed);
        let gate = Gate::new(seeds.u64(..), clock);
        let database = Dynamo::new(seeds.u64(..), clock);
        let queues = Sqs::new(seeds.u64(..), clock);
        database.create_table(table_name, table_properties);
        let meter = Meter::default();
        let connector = Connector::new(seeds.u64(..), gate.clone(), database.clone(), queues.clone(), meter.clone());
        let http = SharedHttpClient::new(connector);
        Self {
            dynamodb: dynamodb_client(&http, clock),
            sqs: sqs_client(&http, clock),
            http,
            gate,
            queues,
            database,
            meter,
            clock,
        }
    }

    /// A client of the same database past the gate: what it does is not counted, and never goes wrong.
    pub fn past_the_gate(&self, seed: u64) -> aws_sdk_dynamodb::Client {
        let gate = Gate::new(seed, self.clock);
        let connector = Connector::new(seed, gate, self.database.clone(), self.queues.clone(), Meter::default());
        dynamodb_client(&SharedHttpClient::new(connector), self.clock)
    }
}

fn dynamodb_client(http: &SharedHttpClient, clock: VirtualClock) -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::Config;
    use aws_sdk_dynamodb::config::retry::RetryPartition;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};

    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("simulated", "simulated", None, None, "simulation"))
        .http_client(http.clone())
        .sleep_impl(TokioSleep::new())
        .time_source(clock)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        // The default one is shared by the whole process: one test would spend another one's retries.
        .retry_partition(RetryPartition::custom("simulation").build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

fn sqs_client(http: &SharedHttpClient, clock: VirtualClock) -> aws_sdk_sqs::Client {
    use aws_sdk_sqs::Config;
    use aws_sdk_sqs::config::retry::RetryPartition;
    use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};

    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("simulated", "simulated", None, None, "simulation"))
        .http_client(http.clone())
        .sleep_impl(TokioSleep::new())
        .time_source(clock)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .retry_partition(RetryPartition::custom("simulation").build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}
