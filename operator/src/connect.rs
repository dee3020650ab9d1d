//! Connection to the deployment.

use domain::ids::{ConversationId, Mode, OrganizationId, Scope};
use domain::organization::Organization;
use local::offline::Offline;
use store::Table;
use store::aws::Access;
use store::clock::Clock;
use store::entropy::Entropy;

use crate::cli::{self, Target};
use crate::credentials;
use crate::error::Error;

/// Deployment that the command is connected to.
pub(crate) struct Deployment {
    /// Table of the deployment.
    pub(crate) table: Table,
    /// Name of the table.
    pub(crate) table_name: String,
    /// Client of DynamoDB.
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    /// Client of SQS, or `None` for a stopped local stack, whose queues are lost.
    pub(crate) sqs: Option<aws_sdk_sqs::Client>,
    /// `true` for a local stack, which may use addresses of the machine itself.
    pub(crate) is_local: bool,
    /// Local stack's data, kept open while the deployment is used.
    _offline: Option<Offline>,
}

impl Deployment {
    /// Connects to the deployment.
    ///
    /// # Errors
    /// [`Error::Refused`] if the table or the region is missing. [`Error::Credentials`] if there are no AWS credentials.
    /// [`Error::Local`] if a local stack's data cannot be opened.
    pub(crate) async fn connect(target: &Target) -> Result<Self, Error> {
        if let Some(folder) = &target.local {
            let offline = Offline::open(folder).await.map_err(Error::Local)?;
            let (table, table_name) = (offline.table.clone(), offline.table_name.clone());
            let (dynamodb, sqs) = (offline.dynamodb.clone(), offline.sqs.clone());
            return Ok(Self { table, table_name, dynamodb, sqs, is_local: true, _offline: Some(offline) });
        }
        let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let unnamed = || Error::refused("which deployment? Name its --table, or say --local");
        let table_name = set(&target.table).ok_or_else(unnamed)?;
        let found = Box::pin(credentials::find(set(&target.region), set(&target.profile).as_deref())).await?;
        let endpoint = set(&target.endpoint_url).or(found.endpoint);
        let access = Access {
            region: found.region,
            credentials: found.credentials,
            dynamodb: endpoint.clone(),
            sqs: endpoint,
            attempt_timeout: None,
        };
        let (dynamodb, sqs) = access.clients();
        let table = Table::new(dynamodb.clone(), table_name.clone(), Clock::system(), Entropy::system());
        Ok(Self { table, table_name, dynamodb, sqs: Some(sqs), is_local: false, _offline: None })
    }

    /// Returns the id of an existing organization.
    ///
    /// # Errors
    /// [`Error::Refused`] if the id is invalid or if there is no such organization.
    pub(crate) async fn organization(&self, id: &str) -> Result<OrganizationId, Error> {
        self.organization_object(id).await.map(|organization| organization.id)
    }

    /// Returns an existing organization.
    ///
    /// # Errors
    /// [`Error::Refused`] if the id is invalid or if there is no such organization.
    pub(crate) async fn organization_object(&self, id: &str) -> Result<Organization, Error> {
        let id = organization_id(id)?;
        let found = self.table.organization(&id).await?;
        found.ok_or_else(|| Error::refused(format!("there is no organization {id}")))
    }
}

/// Parses an organization's id.
///
/// # Errors
/// [`Error::Refused`] if it is invalid.
pub(crate) fn organization_id(text: &str) -> Result<OrganizationId, Error> {
    let problem = "an organization's id is 1 to 40 lower-case letters, digits and hyphens, with no hyphen at its ends";
    OrganizationId::parse(text).ok_or_else(|| Error::refused(problem))
}

/// Parses a conversation's id.
///
/// # Errors
/// [`Error::Refused`] if it is invalid.
pub(crate) fn conversation_id(text: &str) -> Result<ConversationId, Error> {
    ConversationId::parse(text).ok_or_else(|| Error::refused("a conversation's id is a UUID"))
}

/// Returns the scope of an organization in a mode.
pub(crate) fn scope(organization: OrganizationId, mode: cli::Mode) -> Scope {
    let mode = match mode {
        cli::Mode::Live => Mode::Live,
        cli::Mode::Test => Mode::Test,
    };
    Scope { organization, mode }
}
