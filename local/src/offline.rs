//! A local stack's data while the stack does not run, for the operator's command.

use std::path::Path;

use store::Table;
use store::aws::Access;
use store::clock::Clock;
use store::entropy::Entropy;
use tokio::task::JoinSet;

use crate::aws::{REGION, any_credentials};
use crate::dynamodb::{self, Embedded};
use crate::stop::{self, Stopper};
use crate::template::{Names, Template};
use crate::{Data, Error};

/// The deployment's template, as it was when this was built.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// The data of a stack that does not run. Nobody else uses it while this is there.
pub struct Offline {
    /// The table.
    pub table: Table,
    /// The client of the database.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The table's name.
    pub table_name: String,
    // Dropped last to first: the database stops, then its folder is unlocked.
    _stopper: Stopper,
    _tasks: JoinSet<()>,
    _embedded: Embedded,
}

impl Offline {
    /// Opens the data in this folder.
    ///
    /// # Errors
    /// [`Error::Data`] where a stack is using it, or it cannot be opened.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let template = Template::read(TEMPLATE, REGION, &Names::new())?;
        let declared = template.tables.first().ok_or_else(|| Error::Wiring("the template has no table".to_owned()))?;
        let (stopper, stop) = stop::pair();
        let mut tasks = JoinSet::new();
        let embedded = dynamodb::start(&Data::Dir(folder.to_owned()), stop, &mut tasks).await?;
        let endpoint = Some(embedded.endpoint.clone());
        let access = Access {
            region: REGION.to_owned(),
            credentials: any_credentials(),
            dynamodb: endpoint.clone(),
            sqs: endpoint,
            attempt_timeout: None,
        };
        let (dynamodb, _) = access.clients();
        dynamodb::ensure_table(&dynamodb, declared).await?;
        let table = Table::new(dynamodb.clone(), declared.name.clone(), Clock::system(), Entropy::system());
        let table_name = declared.name.clone();
        Ok(Self { table, dynamodb, table_name, _stopper: stopper, _tasks: tasks, _embedded: embedded })
    }
}
