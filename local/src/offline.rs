//! A local stack's data, for the operator's command: whether the stack runs or not.

use std::path::Path;

use store::Table;
use store::aws::Access;
use store::clock::Clock;
use store::entropy::Entropy;
use tokio::task::JoinSet;

use crate::aws::{REGION, any_credentials};
use crate::dynamodb::{self, Embedded};
use crate::running::Running;
use crate::stop::{self, Stopper};
use crate::template::{Names, Template};
use crate::{Data, Error};

/// The deployment's template, as it was when this was built.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// A local stack's data: of one that runs, by its own emulators; of one that does not, by opening it. Then nobody else uses it while
/// this is there.
pub struct Offline {
    /// The table.
    pub table: Table,
    /// The client of the database.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The client of the queues; none where the stack does not run: they are gone with it.
    pub sqs: Option<aws_sdk_sqs::Client>,
    /// The table's name.
    pub table_name: String,
    _held: Option<Held>,
}

/// What serves the data of a stack that does not run. Dropped first to last: the database stops, then its folder is unlocked.
struct Held {
    _stopper: Stopper,
    _tasks: JoinSet<()>,
    _embedded: Embedded,
}

impl Offline {
    /// Opens the data in this folder, in which a stack has been started before.
    ///
    /// # Errors
    /// [`Error::Data`] where there is none, or it cannot be opened.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |reason: &str| Err(Error::Data { path: folder.to_owned(), reason: reason.to_owned() });
        if !folder.is_dir() {
            return failed("there is no such folder; name the one that the local stack keeps its data in");
        }
        if !dynamodb::is_data(folder) {
            return failed(
                "no local stack was ever started in it; name the one that the local stack keeps its data in",
            );
        }
        match dynamodb::is_locked(folder)? {
            true => match Running::read(folder) {
                Some(running) => Self::connect(running.dynamodb, Some(running.sqs), None).await,
                None => failed("is in use by a local stack of another version; stop that first"),
            },
            false => Self::create(folder).await,
        }
    }

    /// Opens the data in this folder, or makes it.
    ///
    /// # Errors
    /// [`Error::Data`] where a stack is using it, or it cannot be opened.
    pub async fn create(folder: &Path) -> Result<Self, Error> {
        let (stopper, stop) = stop::pair();
        let mut tasks = JoinSet::new();
        let embedded = dynamodb::start(&Data::Dir(folder.to_owned()), stop, &mut tasks).await?;
        let endpoint = embedded.endpoint.clone();
        Self::connect(endpoint, None, Some(Held { _stopper: stopper, _tasks: tasks, _embedded: embedded })).await
    }

    async fn connect(dynamodb: String, sqs: Option<String>, held: Option<Held>) -> Result<Self, Error> {
        let template = Template::read(TEMPLATE, REGION, &Names::new())?;
        let declared = template.tables.first().ok_or_else(|| Error::Wiring("the template has no table".to_owned()))?;
        let has_queues = sqs.is_some();
        let access = Access {
            region: REGION.to_owned(),
            credentials: any_credentials(),
            dynamodb: Some(dynamodb),
            sqs,
            attempt_timeout: None,
        };
        let (dynamodb, sqs) = access.clients();
        dynamodb::ensure_table(&dynamodb, declared).await?;
        let table = Table::new(dynamodb.clone(), declared.name.clone(), Clock::system(), Entropy::system());
        let table_name = declared.name.clone();
        Ok(Self { table, dynamodb, sqs: Some(sqs).filter(|_| has_queues), table_name, _held: held })
    }
}
