//! Embedded DynamoDB, and the template's tables in it or at another endpoint.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableDescription, TimeToLiveSpecification,
};
use dynoxide::{Database, server};
use tokio::task::JoinSet;

use crate::aws::reason;
use crate::running::Running;
use crate::stop::Stop;
use crate::template::{Index, Key, Table};
use crate::{Error, serve};

/// Name of the database file in the data folder.
const FILE_NAME: &str = "ringdown.db";
/// Name of the lock file, which is locked while a stack uses the folder.
const LOCK_NAME: &str = "lock";
/// Time limit for creating a table at another endpoint.
const CREATE_MAX: Duration = Duration::from_secs(60);

/// Storage of the table's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In memory. The data is lost when the process ends.
    Memory,
    /// In a file in this folder.
    Dir(PathBuf),
}

/// Running emulator of DynamoDB.
pub(crate) struct Embedded {
    pub(crate) endpoint: String,
    /// Lock on the data folder. Dropping it unlocks the folder.
    pub(crate) lock: Option<File>,
}

/// Opens the database and serves it on loopback.
pub(crate) async fn start(data: &Data, mut stop: Stop, tasks: &mut JoinSet<()>) -> Result<Embedded, Error> {
    let (database, lock) = open(data)?;
    let (listener, port) = serve::listen(0).await.map_err(|source| Error::Listen { port: 0, source })?;
    tasks.spawn(async move {
        if let Err(error) = server::serve_with_shutdown(listener, database, async move { stop.asked().await }).await {
            tracing::error!(error, "the embedded DynamoDB stopped");
        }
    });
    Ok(Embedded { endpoint: format!("http://127.0.0.1:{port}"), lock })
}

fn open(data: &Data) -> Result<(Database, Option<File>), Error> {
    let Data::Dir(dir) = data else {
        let database =
            Database::memory().map_err(|error| Error::aws("open a database in memory", error.to_string()))?;
        return Ok((database, None));
    };
    let failed = |reason: String| Error::Data { path: dir.clone(), reason };
    std::fs::create_dir_all(dir).map_err(|error| failed(format!("cannot be made: {error}")))?;
    let lock = lock(dir)?;
    // A killed stack has left its file with endpoints behind.
    Running::remove(dir);
    let file = dir.join(FILE_NAME);
    let path = file.to_str().ok_or_else(|| failed("its name is no Unicode text".to_owned()))?;
    let database = Database::new(path).map_err(|error| failed(format!("cannot open {FILE_NAME}: {error}")))?;
    // Commits do not wait for the disk. Acknowledged writes survive the end of the process, but not a power failure.
    // The emulator offers this setting only under another name, as the state after a bulk load.
    database.disable_bulk_loading().map_err(|error| failed(format!("cannot be written: {error}")))?;
    // DynamoDB removes expired items by itself. The emulator needs a sweep, which each start does.
    database.sweep_ttl().map_err(|error| failed(format!("cannot remove expired items: {error}")))?;
    Ok((database, Some(lock)))
}

/// Returns `true` if a stack has stored data in this folder.
pub(crate) fn is_data(dir: &Path) -> bool {
    dir.join(FILE_NAME).is_file()
}

/// Returns `true` if a stack is using this folder.
pub(crate) fn is_locked(dir: &Path) -> Result<bool, Error> {
    let failed = |reason: String| Error::Data { path: dir.to_owned(), reason };
    let options = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_NAME));
    match options.map_err(|error| failed(format!("cannot be written: {error}")))?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(failed(format!("cannot be locked: {error}"))),
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let failed = |reason: String| Error::Data { path: dir.to_owned(), reason };
    let options = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_NAME));
    let file = options.map_err(|error| failed(format!("cannot be written: {error}")))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(failed("is in use by another local stack".to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(format!("cannot be locked: {error}"))),
    }
}

/// Creates the table if it is missing. An existing table must match the template.
pub(crate) async fn ensure_table(client: &Client, table: &Table) -> Result<(), Error> {
    let action = || format!("look up the table {}", table.name);
    match client.describe_table().table_name(&table.name).send().await {
        Ok(output) => match output.table.as_ref().and_then(|existing| difference(existing, table)) {
            None => Ok(()),
            Some(reason) => Err(Error::aws(
                format!("use the table {}", table.name),
                format!("{reason}; it was made for another template.yaml: start with a new data folder"),
            )),
        },
        Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => {
            create(client, table).await
        }
        Err(error) => Err(Error::aws(action(), reason(&error))),
    }
}

async fn create(client: &Client, table: &Table) -> Result<(), Error> {
    let action = || format!("create the table {}", table.name);
    let invalid = |error: aws_sdk_dynamodb::error::BuildError| Error::template(&table.id, "", error.to_string());
    let mut request = client.create_table().table_name(&table.name).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in &table.attributes {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        let attribute = attribute.attribute_type(ScalarAttributeType::from(kind.as_str()));
        request = request.attribute_definitions(attribute.build().map_err(invalid)?);
    }
    for key in key_schema(&table.keys).map_err(invalid)? {
        request = request.key_schema(key);
    }
    for index in &table.indexes {
        request = request.global_secondary_indexes(secondary_index(index).map_err(invalid)?);
    }
    request.send().await.map_err(|error| Error::aws(action(), reason(&error)))?;
    let exists = client.wait_until_table_exists().table_name(&table.name).wait(CREATE_MAX).await;
    exists.map_err(|error| Error::aws(action(), error.to_string()))?;
    let Some(attribute) = &table.ttl_attribute else {
        return Ok(());
    };
    let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build().map_err(invalid)?;
    let updated = client.update_time_to_live().table_name(&table.name).time_to_live_specification(ttl).send().await;
    updated.map_err(|error| Error::aws(action(), reason(&error)))?;
    Ok(())
}

fn key_schema(keys: &[Key]) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    let element = |key: &Key| {
        let element = KeySchemaElement::builder().attribute_name(&key.attribute);
        element.key_type(KeyType::from(key.kind.as_str())).build()
    };
    keys.iter().map(element).collect()
}

fn secondary_index(index: &Index) -> Result<GlobalSecondaryIndex, aws_sdk_dynamodb::error::BuildError> {
    let included = (!index.included.is_empty()).then(|| index.included.clone());
    let projection = Projection::builder().projection_type(ProjectionType::from(index.projection.as_str()));
    GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&index.keys)?))
        .projection(projection.set_non_key_attributes(included).build())
        .build()
}

/// Describes the difference between an existing table and the template's, if a query would notice one.
fn difference(existing: &TableDescription, table: &Table) -> Option<String> {
    if !same_keys(existing.key_schema(), &table.keys) {
        return Some("its keys differ".to_owned());
    }
    for index in &table.indexes {
        let mut indexes = existing.global_secondary_indexes().iter();
        let Some(found) = indexes.find(|found| found.index_name() == Some(index.name.as_str())) else {
            return Some(format!("its index {} is missing", index.name));
        };
        let projection = found.projection();
        let mut included = projection.map(|projection| projection.non_key_attributes().to_vec()).unwrap_or_default();
        let mut wanted = index.included.clone();
        included.sort();
        wanted.sort();
        let kind = projection.and_then(Projection::projection_type).map(ProjectionType::as_str);
        if !same_keys(found.key_schema(), &index.keys) || kind != Some(&index.projection) || included != wanted {
            return Some(format!("its index {} differs", index.name));
        }
    }
    None
}

fn same_keys(existing: &[KeySchemaElement], wanted: &[Key]) -> bool {
    let existing = existing.iter().map(|key| (key.attribute_name(), key.key_type().as_str()));
    existing.eq(wanted.iter().map(|key| (key.attribute.as_str(), key.kind.as_str())))
}
