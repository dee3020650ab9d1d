//! Simulated world of the real program: one thread, one seed, virtual time.
//!
//! The real AWS SDK runs on a [`connector`] of our own. Every request passes the [`gate`], which counts it, delays it,
//! and carries out the plan in [`faults`]. Then the request reaches [`dynamo`] or [`sqs`], both in process. Requests to
//! other services pass the same gate. The same seed gives the same run, to the millisecond.
//!
//! A test and the program under it must not do the following, or two runs of a seed differ:
//!
//! - start a thread, or block on one
//! - read the real clock
//! - iterate over a `HashMap`
//! - `select!` without `biased`, because tokio then draws the order from a generator that has no seed

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

/// Region of everything simulated.
pub const REGION: &str = "us-east-1";
/// Account id of everything simulated. It is AWS's own example.
pub const ACCOUNT: &str = "123456789012";
/// Number of attempts of the SDK, as in the deployment.
const ATTEMPTS: u32 = 3;

/// Simulated AWS with the real SDK clients connected to it.
#[derive(Clone, Debug)]
pub struct SimulatedAws {
    /// Real client of the simulated DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Real client of the simulated SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// HTTP client below both, for tests that build clients of their own.
    pub http: SharedHttpClient,
    /// Gate that counts every request and carries out the fault plan.
    pub gate: Gate,
    /// Queues, for the poller.
    pub queues: Sqs,
    /// Database, for the auditor. Its direct reads are no requests.
    pub database: Dynamo,
    /// Meter of the database capacity that requests consume, once it was started.
    pub meter: Meter,
    /// Virtual clock.
    pub clock: VirtualClock,
}

impl SimulatedAws {
    /// Creates a world with this table and no queue. The table is made from its properties in `template.yaml`. The
    /// caller must be on the current-thread runtime with a paused clock, on which everything then runs.
    pub fn new(seed: u64, table_name: &str, table_properties: &Value) -> Self {
        // The SDK draws its jitter and its ids from the thread's generator. It also draws one number for each span as
        // long as no test of this process has set a subscriber. The reason is that tracing then offers the spans to the
        // `log` crate.
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

    /// Returns a client of the same database that bypasses the gate. Its requests are not counted and never fail.
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
        // The default partition is shared by the whole process. One test would use up the retries of another.
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
