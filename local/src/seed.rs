//! What a fresh stack starts with: an organization, its agents, and a key that works.

use domain::ids::{AgentId, Channel, Mode, OrganizationId, Scope};
use domain::key::{ApiKey, Permission, RawKey, SECRET_BYTES};
use domain::organization::{Agent, Limits, Organization, Provider};
use domain::phone::PhoneNumber;
use domain::sms::{Kind, SmsSettings, Terms};
use serde::Serialize;
use store::{StoreError, Table};

use crate::Error;

/// The organization everything belongs to.
const ORGANIZATION: &str = "dev";
/// The number of the agent that calls. Nobody has it: 555-01xx is kept free for examples.
const VOICE_NUMBER: &str = "+15555550100";

/// What was made, and the key, which is shown once: only its digest is stored.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seeded {
    /// Id of the organization.
    pub organization: String,
    /// A test key with every permission.
    pub api_key: String,
    /// The agents.
    pub agents: Vec<SeededAgent>,
}

/// An agent that was made.
#[derive(Clone, Serialize)]
pub struct SeededAgent {
    /// Its id.
    pub id: AgentId,
    /// Its name for life.
    pub slug: &'static str,
    /// Which kind of conversation it holds.
    pub channel: Channel,
}

/// Makes the organization and the agents, where they are missing, and a new key at every start.
///
/// # Errors
/// [`Error::Store`] where the table does not take them.
pub async fn seed(table: &Table) -> Result<Seeded, Error> {
    let id = OrganizationId::parse(ORGANIZATION).ok_or_else(|| Error::Wiring(format!("{ORGANIZATION} is no id")))?;
    let organization = Organization {
        id: id.clone(),
        name: "Development".to_owned(),
        suspended: false,
        cursor_key: domain::ids::hex(&random(table)?),
        numbers: Vec::new(),
        endpoints: Vec::new(),
    };
    table.create_organization(&organization).await.map_err(Error::Store)?;
    let mut agents = Vec::new();
    for agent in demo_agents(&id)? {
        agents.push(SeededAgent { id: agent.id, slug: agent.slug, channel: agent.channel });
        table.put_agent(&id, &agent.stored()).await.map_err(Error::Store)?;
    }
    let scope = Scope { organization: id, mode: Mode::Test };
    let raw = RawKey::new(scope, random(table)?);
    let key = ApiKey {
        name: "local stack".to_owned(),
        permissions: Permission::ALL.to_vec(),
        created_at: table.now(),
        expires_at: None,
        revoked_at: None,
    };
    table.put_api_key(&raw, &key).await.map_err(Error::Store)?;
    Ok(Seeded { organization: ORGANIZATION.to_owned(), api_key: raw.reveal().to_owned(), agents })
}

fn random(table: &Table) -> Result<[u8; SECRET_BYTES], Error> {
    table.entropy().bytes().map_err(|error| Error::Store(StoreError::from(error)))
}

/// What the agents do not have in common.
struct DemoAgent {
    id: AgentId,
    slug: &'static str,
    name: &'static str,
    channel: Channel,
    number: Option<PhoneNumber>,
}

impl DemoAgent {
    fn stored(&self) -> Agent {
        Agent {
            id: self.id,
            slug: self.slug.to_owned(),
            name: self.name.to_owned(),
            channel: self.channel,
            provider: Provider::Simulator,
            version: 1,
            number: self.number.clone(),
            required_variables: Vec::new(),
            limits: Limits::default(),
            sms: (self.channel == Channel::Sms).then(sms_settings),
        }
    }
}

/// How the agent that writes is set: every request brings its opening text.
fn sms_settings() -> SmsSettings {
    SmsSettings {
        kind: Kind::Managed,
        prompt: "You answer customers of a car dealership by SMS, briefly.".to_owned(),
        opening: None,
        model: None,
        tools: Vec::new(),
        tool_secret: None,
        max_tool_calls: 5,
        terms: Terms::default(),
    }
}

fn demo_agents(organization: &OrganizationId) -> Result<[DemoAgent; 2], Error> {
    let number = PhoneNumber::parse(VOICE_NUMBER).map_err(|error| Error::Wiring(error.to_string()))?;
    let agent = |slug, name, channel, number| {
        let id = AgentId::for_slug(organization, slug);
        DemoAgent { id, slug, name, channel, number }
    };
    Ok([
        agent("demo-voice", "Demo voice agent", Channel::Voice, Some(number)),
        agent("demo-sms", "Demo SMS agent", Channel::Sms, None),
    ])
}
