//! Process that Lambda starts. `_HANDLER` selects the function of the artifact that it runs.

use std::process::ExitCode;
use std::sync::Arc;

use functions::config::Config;
use functions::{App, begin, find, invoke, log_lines};
use lambda_runtime::{LambdaEvent, service_fn};
use providers::egress::{Egress, EgressPolicy};
use providers::{Bases, Outside, ParameterStore, Secrets};
use serde_json::value::RawValue;
use store::clock::Clock;
use store::entropy::Entropy;
use store::{Queues, Store, Table};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{{\"level\":\"ERROR\",\"message\":\"{error}\"}}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let config = Config::from_environment()?;
    let (namespace, lines) = (config.metrics_namespace.clone(), std::io::stdout);
    let log = log_lines::subscriber(config.log_level, Clock::system(), namespace, lines);
    tracing::subscriber::set_global_default(log)?;
    let function = find(&config.handler).ok_or_else(|| format!("_HANDLER names no function: {}", config.handler))?;
    let app = app(&config)?;
    begin(&app, function).await;
    let app = Arc::new(app);
    // Takes the event as raw JSON. The runtime's own deserializer also tracks the position in the event, for an error message
    // that is not used here.
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let app = Arc::clone(&app);
        async move {
            let event = serde_json::from_str(event.payload.get())?;
            invoke(&app, function, event).await.map_err(Failure::from)
        }
    }))
    .await
}

fn app(config: &Config) -> Result<App, Failure> {
    let (dynamodb, sqs) = config.access.clients();
    let table = Table::new(dynamodb, &config.table, Clock::system(), Entropy::system());
    let queues = Queues::new(sqs, config.queues.clone(), config.fair_queues);
    let egress = Egress::new(EgressPolicy { allow_insecure: config.allow_insecure_webhooks })?;
    let secrets = secrets(config, &egress)?;
    Ok(App::with(Store { table, queues }, Outside { egress, secrets, bases: Bases::default() }))
}

/// Returns the reader of secrets. An SSM endpoint other than the region's may be an emulator's, so it is reached by a separate
/// HTTP client, which never requests URLs of clients.
fn secrets(config: &Config, egress: &Egress) -> Result<Secrets, Failure> {
    let region = config.access.region.clone();
    let (endpoint, egress) = match &config.ssm {
        Some(endpoint) => (endpoint.parse()?, Egress::to_our_own()?),
        None => (ParameterStore::endpoint_of(&region).ok_or("AWS_REGION is no region")?, egress.clone()),
    };
    let (credentials, prefix, clock) =
        (config.access.credentials.clone(), config.secrets_prefix.clone(), Clock::system());
    let parameters = ParameterStore { egress, endpoint, region, credentials, prefix, clock: clock.clone() };
    Ok(Secrets::of_parameter_store(parameters, clock))
}
