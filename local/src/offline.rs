//! Access to a local stack's data for the operator's command, with or without a running stack.

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

/// Template of the deployment at build time.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// Data of a local stack. For a running stack, its emulators are used. For a stopped stack, the database is opened, and
/// no other process can use it while this value lives.
pub struct Offline {
    /// Table of the stack, as the store sees it.
    pub table: Table,
    /// Client of the database.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Client of the queues, or `None` for a stopped stack, whose queues are lost.
    pub sqs: Option<aws_sdk_sqs::Client>,
    /// Name of the table.
    pub table_name: String,
    _held: Option<Held>,
}

/// Server of a stopped stack's data. The fields are dropped in order: the database stops, then its folder is unlocked.
struct Held {
    _stopper: Stopper,
    _tasks: JoinSet<()>,
    _embedded: Embedded,
}

impl Offline {
    /// Opens the data in a folder in which a stack has been started before.
    ///
    /// # Errors
    /// [`Error::Data`] if there is none or if it cannot be opened.
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

    /// Opens the data in a folder, or creates it.
    ///
    /// # Errors
    /// [`Error::Data`] if a stack is using the folder or if it cannot be opened.
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
