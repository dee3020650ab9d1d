//! Complete stack: emulators, API, pollers and schedules, which start and stop together.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use store::aws::Access;
use store::clock::Clock;
use store::entropy::Entropy;
use store::{QueueUrls, Queues, Table};
use tokio::task::JoinSet;

use crate::aws::{External, REGION, any_credentials};
use crate::dynamodb::{self, Data};
use crate::http::{Api, LocalRoute};
use crate::lambda::{Invoke, Runner};
use crate::poller::Poller;
use crate::running::Running;
use crate::sqs::{self, QueueAddress};
use crate::stop::{self, Stop, Stopper};
use crate::template::{Names, Template, Trigger};
use crate::{Error, schedule, serve};

/// Time limit for running work during a stop. Interrupted work is resumed at the next start, as after a crash.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Options of a stack.
#[derive(Clone)]
pub struct Options {
    /// Port of the API on loopback. Port 0 picks a free one.
    pub port: u16,
    /// Storage of the embedded DynamoDB.
    pub data: Data,
    /// AWS endpoint to use instead of the embedded ones.
    pub external: Option<External>,
    /// Text of `template.yaml`.
    pub template: String,
    /// Values of the template's parameters that override its defaults.
    pub parameters: Names,
    /// Clock of the stack.
    pub clock: Clock,
    /// Path of the file of secrets, with the credentials for providers and models.
    pub secrets: PathBuf,
    /// Address at which providers reach the stack from outside. `None` means the address that it serves on.
    pub public_url: Option<String>,
}

/// Connection data for the handlers.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Endpoints, region and credentials.
    pub access: Access,
    /// Client for the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Client for the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Queues by their logical ids.
    pub queues: BTreeMap<String, QueueAddress>,
    /// Path of the file of secrets.
    pub secrets: PathBuf,
    /// Address at which providers reach the stack.
    pub public_url: String,
    /// Environments by function name, as the template sets them.
    pub environments: BTreeMap<String, Names>,
}

impl Backend {
    /// Returns the table for the handlers.
    ///
    /// # Errors
    /// [`Error::Wiring`] if no function of the template names a table.
    pub fn table(&self, clock: &Clock, entropy: Entropy) -> Result<Table, Error> {
        let name = self.setting("TABLE_NAME")?;
        Ok(Table::new(self.dynamodb.clone(), name, clock.clone(), entropy))
    }

    /// Returns the queues for the handlers.
    ///
    /// # Errors
    /// [`Error::Wiring`] if no function of the template names one of them.
    pub fn queues(&self) -> Result<Queues, Error> {
        let urls = QueueUrls {
            dispatch: self.setting("DISPATCH_QUEUE_URL")?.to_owned(),
            webhooks: self.setting("WEBHOOKS_QUEUE_URL")?.to_owned(),
            turns: self.setting("TURNS_QUEUE_URL")?.to_owned(),
            simulator: self.setting("SIMULATOR_QUEUE_URL")?.to_owned(),
            bulk: self.setting("BULK_QUEUE_URL")?.to_owned(),
        };
        // The embedded SQS refuses a message group on a standard queue.
        Ok(Queues::new(self.sqs.clone(), urls, false))
    }

    /// Returns a variable of the functions' environments. All functions that have it share its value.
    fn setting(&self, name: &str) -> Result<&str, Error> {
        let mut found = self.environments.values().filter_map(|environment| environment.get(name));
        found.next().map(String::as_str).ok_or_else(|| Error::Wiring(format!("no function's environment has {name}")))
    }
}

/// Handlers after they were connected to the table and the queues.
pub struct Wiring {
    /// Function that calls a handler.
    pub invoke: Invoke,
    /// Routes that only the local stack has.
    pub local_routes: Vec<LocalRoute>,
}

/// Function that connects the handlers once the table and the queues exist.
pub type Connect = Box<dyn FnOnce(Backend) -> BoxFuture<'static, Result<Wiring, Error>> + Send>;

/// Running stack. Dropped, it stops at once. [`Stack::shutdown`] finishes running work first.
pub struct Stack {
    url: String,
    backend: Backend,
    runner: Runner,
    front: Part,
    emulators: Part,
    data: Data,
    lock: Option<File>,
}

/// Tasks that are stopped together.
struct Part {
    stopper: Stopper,
    tasks: JoinSet<()>,
}

impl Part {
    fn new() -> (Self, Stop) {
        let (stopper, stop) = stop::pair();
        (Self { stopper, tasks: JoinSet::new() }, stop)
    }

    async fn stop(mut self) {
        self.stopper.ask();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, all).await.is_err() {
            tracing::warn!("something is still under way after {} s and is cut off", STOP_MAX.as_secs());
        }
    }
}

impl Stack {
    /// Starts everything. When it returns, the API answers.
    ///
    /// # Errors
    /// [`Error`], which is shown as one line and names the place to fix.
    pub async fn start(options: Options, connect: Connect) -> Result<Self, Error> {
        let region = options.external.as_ref().map_or(REGION, |external| &external.region);
        let template = Template::read(&options.template, region, &options.parameters)?;
        // The port is taken first, so that a stack that cannot serve leaves the data folder alone.
        let listened = serve::listen(options.port).await;
        let (listener, port) = listened.map_err(|source| Error::Listen { port: options.port, source })?;
        let (mut emulators, stop) = Part::new();
        let (access, lock) = match options.external {
            Some(external) => (external_access(external), None),
            None => start_emulators(&options.data, &mut emulators, &stop).await?,
        };
        let url = format!("http://127.0.0.1:{port}");
        let public_url = options.public_url.unwrap_or_else(|| url.clone());
        let backend = prepare(&template, access, options.secrets, public_url).await?;
        let wiring = connect(backend.clone()).await?;
        let runner = Runner::new(&template, wiring.invoke, options.clock);
        let (mut front, stop) = Part::new();
        let api = Api::new(&template, wiring.local_routes, runner.clone())?;
        front.tasks.spawn(serve::serve(listener, api, stop.clone()));
        start_triggers(&template, &backend, &runner, &mut front, &stop);
        Ok(Self { url, backend, runner, front, emulators, data: options.data, lock })
    }

    /// Returns the URL of the API, such as `http://127.0.0.1:3000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the connection data of the table and the queues.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Accepts no new work, finishes the running work, then stops the emulators.
    pub async fn shutdown(self) {
        self.front.stop().await;
        // Invocations of disconnected callers are finished too, while their table still exists.
        if tokio::time::timeout(STOP_MAX, self.runner.idle()).await.is_err() {
            tracing::warn!("functions still run after {} s and are cut off", STOP_MAX.as_secs());
        }
        if let (Data::Dir(folder), Some(_)) = (&self.data, &self.lock) {
            Running::remove(folder);
        }
        self.emulators.stop().await;
        drop(self.lock);
    }
}

fn external_access(external: External) -> Access {
    let External { url, region, credentials } = external;
    Access { region, credentials, dynamodb: Some(url.clone()), sqs: Some(url), attempt_timeout: None }
}

async fn start_emulators(data: &Data, part: &mut Part, stop: &Stop) -> Result<(Access, Option<File>), Error> {
    let dynamodb = dynamodb::start(data, stop.clone(), &mut part.tasks).await?;
    let sqs = sqs::start(stop.clone(), &mut part.tasks).await?;
    if let Data::Dir(folder) = data {
        let running = Running { pid: std::process::id(), dynamodb: dynamodb.endpoint.clone(), sqs: sqs.clone() };
        running.write(folder)?;
    }
    let access = Access {
        region: REGION.to_owned(),
        credentials: any_credentials(),
        dynamodb: Some(dynamodb.endpoint),
        sqs: Some(sqs),
        // A receive waits for messages longer than any other request may take.
        attempt_timeout: None,
    };
    Ok((access, dynamodb.lock))
}

/// Creates the resources that the template declares, and resolves references to them.
async fn prepare(template: &Template, access: Access, secrets: PathBuf, public_url: String) -> Result<Backend, Error> {
    let (dynamodb, sqs) = access.clients();
    let mut resources = Names::new();
    for table in &template.tables {
        dynamodb::ensure_table(&dynamodb, table).await?;
        resources.insert(table.id.clone(), table.name.clone());
    }
    let queues = sqs::ensure_queues(&sqs, &template.queues).await?;
    for queue in &template.queues {
        let Some(address) = queues.get(&queue.id) else { continue };
        resources.insert(queue.id.clone(), address.url.clone());
        resources.insert(format!("{}.QueueUrl", queue.id), address.url.clone());
        resources.insert(format!("{}.Arn", queue.id), address.arn.clone());
        resources.insert(format!("{}.QueueName", queue.id), queue.name.clone());
    }
    let environments = template.environments(&resources)?;
    Ok(Backend { access, dynamodb, sqs, queues, secrets, public_url, environments })
}

fn start_triggers(template: &Template, backend: &Backend, runner: &Runner, front: &mut Part, stop: &Stop) {
    for function in &template.functions {
        for trigger in &function.triggers {
            match trigger {
                Trigger::Http(_) => {}
                Trigger::Queue(source) => {
                    let Some(address) = backend.queues.get(&source.queue) else { continue };
                    let poller = Poller {
                        client: backend.sqs.clone(),
                        region: backend.access.region.clone(),
                        address: address.clone(),
                        source: source.clone(),
                        function: function.handler.clone(),
                        runner: runner.clone(),
                    };
                    front.tasks.spawn(poller.run(stop.clone()));
                }
                Trigger::Schedule(schedule) => {
                    let (region, handler) = (backend.access.region.clone(), function.handler.clone());
                    front.tasks.spawn(schedule::run(schedule.clone(), handler, region, runner.clone(), stop.clone()));
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "stack_tests.rs"]
mod tests;
