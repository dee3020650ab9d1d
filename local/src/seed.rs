//! Initial data of a stack: an organization, its agents and an API key.

use std::path::Path;

use domain::agent::Agent;
use domain::audit::{Action, Actor, AuditEntry};
use domain::ids::{AgentId, Channel, Mode, OrganizationId, Scope};
use domain::key::{ApiKey, Permission, RawKey, SECRET_BYTES};
use domain::limits::Limits;
use domain::organization::{Bounds, Defaults, Organization};
use domain::phone::{Country, PhoneNumber};
use domain::provider::Provider;
use domain::signature::{self, Secret};
use domain::sms::{Kind, SmsSettings, Terms};
use domain::tool::Tool;
use serde::Serialize;
use serde_json::json;
use store::{StoreError, Table};

use crate::running::write_whole;
use crate::{Error, opening_hours};

/// Id of the seeded organization.
const ORGANIZATION: &str = "dev";
/// Country of numbers without `+`.
const COUNTRY: &str = "US";
/// Slug of the voice agent. It also takes calls whose requests name no agent.
const VOICE_SLUG: &str = "demo-voice";
/// Number of the voice agent. It is unassigned: 555-01xx is reserved for examples.
const VOICE_NUMBER: &str = "+15555550100";
/// Largest number of tool calls of the SMS agent in one turn.
const MAX_TOOL_CALLS: u32 = 3;
/// Prompt of the SMS agent. The scripted model behind a test key ignores it; a real model would not.
const PROMPT: &str = "You answer for a car dealership, by SMS: in two short sentences at most, friendly and to the point. \
    Look the opening hours up with your tool; do not guess them. Never promise a price.";

/// Result of seeding. It contains the key, which is shown only once: the table stores its digest.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seeded {
    /// Id of the organization.
    pub organization: String,
    /// Test key with every permission.
    pub api_key: String,
    /// Agents that every start stores anew.
    pub agents: Vec<SeededAgent>,
}

/// Agent that was stored by the seed.
#[derive(Clone, Serialize)]
pub struct SeededAgent {
    /// Id of the agent.
    pub id: AgentId,
    /// Slug of the agent, which never changes.
    pub slug: &'static str,
    /// Channel of its conversations.
    pub channel: Channel,
}

/// Returns the scope of all seeded data: the organization, in test mode.
///
/// # Errors
/// [`Error::Wiring`] if the organization's id is invalid.
pub fn scope() -> Result<Scope, Error> {
    let organization = OrganizationId::parse(ORGANIZATION);
    let organization = organization.ok_or_else(|| Error::Wiring(format!("{ORGANIZATION} is no id")))?;
    Ok(Scope { organization, mode: Mode::Test })
}

/// Name of the file with the local stack's key in the data folder. It is a test key, which reaches no phone.
const KEY_FILE: &str = "dev-key";

/// Name of the local stack's keys.
const KEY_NAME: &str = "local stack";

/// Creates the organization if it is missing, stores the agents, and creates a new key. The tool of the SMS agent is
/// served by the stack itself, at this URL.
///
/// # Errors
/// [`Error::Store`] if the table refuses a write.
pub async fn seed(table: &Table, url: &str) -> Result<Seeded, Error> {
    let agents = seed_all_but_key(table, url).await?;
    let raw = new_key(table).await?;
    Ok(Seeded { organization: ORGANIZATION.to_owned(), api_key: raw.reveal().to_owned(), agents })
}

/// Seeds like [`seed`], but reuses the key of the earlier start while it is valid. The key is stored in this folder. If
/// the table belongs to this stack alone, a new key replaces all keys of earlier starts.
///
/// # Errors
/// [`Error::Store`] if the table refuses a write. [`Error::Data`] if the key cannot be stored.
pub async fn seed_with_kept_key(table: &Table, url: &str, folder: &Path, is_alone: bool) -> Result<Seeded, Error> {
    let agents = seed_all_but_key(table, url).await?;
    let path = folder.join(KEY_FILE);
    let kept = std::fs::read_to_string(&path).ok().and_then(|text| RawKey::parse(text.trim()));
    let raw = match kept {
        Some(kept) if opens_all(table, &kept).await? => kept,
        _ => {
            if is_alone {
                revoke_earlier(table).await?;
            }
            let raw = new_key(table).await?;
            let failed = |error: std::io::Error| Error::Data {
                path: folder.to_owned(),
                reason: format!("{KEY_FILE} cannot be written: {error}"),
            };
            std::fs::create_dir_all(folder).map_err(failed)?;
            write_whole(&path, raw.reveal()).map_err(failed)?;
            raw
        }
    };
    Ok(Seeded { organization: ORGANIZATION.to_owned(), api_key: raw.reveal().to_owned(), agents })
}

/// Returns `true` if a key belongs to the local stack and is valid with every permission.
async fn opens_all(table: &Table, raw: &RawKey) -> Result<bool, Error> {
    if *raw.scope() != scope()? {
        return Ok(false);
    }
    let known = table.api_key(raw.scope(), &raw.id()).await.map_err(Error::Store)?;
    let all = |key: &ApiKey| Permission::ALL.into_iter().all(|permission| key.may(permission));
    Ok(known.is_some_and(|known| known.key.is_valid(table.now()) && all(&known.key)))
}

async fn revoke_earlier(table: &Table) -> Result<(), Error> {
    let scope = scope()?;
    let earlier = table.all_api_keys(&scope).await.map_err(Error::Store)?;
    let is_ours = |key: &ApiKey| key.name == KEY_NAME && key.made_with.is_none() && key.revoked_at.is_none();
    for key in earlier.into_iter().filter(|key| is_ours(&key.key)) {
        let audit = AuditEntry {
            at: table.now(),
            actor: Actor::Operator,
            action: Action::ApiKeyRevoked,
            target: key.id.to_string(),
            mode: Some(scope.mode),
            changed: Vec::new(),
        };
        table.revoke_api_key(&scope, &key.id, &audit).await.map_err(Error::Store)?;
    }
    Ok(())
}

async fn new_key(table: &Table) -> Result<RawKey, Error> {
    let raw = RawKey::new(scope()?, random(table)?);
    let key = ApiKey {
        name: KEY_NAME.to_owned(),
        permissions: Permission::ALL.to_vec(),
        created_at: table.now(),
        expires_at: None,
        revoked_at: None,
        limits: domain::quota::Limits::default(),
        made_with: None,
        counted_with: Vec::new(),
    };
    table.put_api_key(&raw, &key).await.map_err(Error::Store)?;
    Ok(raw)
}

async fn seed_all_but_key(table: &Table, url: &str) -> Result<Vec<SeededAgent>, Error> {
    let scope = scope()?;
    let id = scope.organization.clone();
    let organization = Organization {
        id: id.clone(),
        name: "Development".to_owned(),
        suspended: false,
        cursor_key: domain::digest::hex(&random::<SECRET_BYTES>(table)?),
        numbers: Vec::new(),
        former_numbers: Vec::new(),
        defaults: Defaults { country: Country::parse(COUNTRY), voice_agent: Some(AgentId::for_slug(&id, VOICE_SLUG)) },
        bounds: Bounds::default(),
        endpoints: Vec::new(),
    };
    table.create_organization(&organization).await.map_err(Error::Store)?;
    let mut agents = Vec::new();
    for agent in demo_agents(&id, sms_settings(url, random(table)?))? {
        agents.push(SeededAgent { id: agent.id, slug: agent.slug, channel: agent.channel });
        table.put_agent(&id, &agent.stored()).await.map_err(Error::Store)?;
    }
    Ok(agents)
}

fn random<const BYTES: usize>(table: &Table) -> Result<[u8; BYTES], Error> {
    table.entropy().bytes().map_err(|error| Error::Store(StoreError::from(error)))
}

/// Properties in which the demo agents differ.
struct DemoAgent {
    id: AgentId,
    slug: &'static str,
    name: &'static str,
    channel: Channel,
    number: Option<PhoneNumber>,
    sms: Option<SmsSettings>,
}

impl DemoAgent {
    fn stored(&self) -> Agent {
        Agent {
            id: self.id,
            mode: Some(Mode::Test),
            retired_at: None,
            slug: self.slug.to_owned(),
            name: self.name.to_owned(),
            channel: self.channel,
            provider: Provider::Simulator,
            version: 1,
            number: self.number.clone(),
            external_id: None,
            prompt: None,
            required_variables: Vec::new(),
            limits: Limits::default(),
            retention: None,
            voice: None,
            sms: self.sms.clone(),
        }
    }
}

fn demo_agents(organization: &OrganizationId, sms: SmsSettings) -> Result<[DemoAgent; 2], Error> {
    let number = PhoneNumber::parse(VOICE_NUMBER).map_err(|error| Error::Wiring(error.to_string()))?;
    let agent = |slug, name, channel, number, sms| {
        let id = AgentId::for_slug(organization, slug);
        DemoAgent { id, slug, name, channel, number, sms }
    };
    Ok([
        agent(VOICE_SLUG, "Demo voice agent", Channel::Voice, Some(number), None),
        agent("demo-sms", "Demo SMS agent", Channel::Sms, None, Some(sms)),
    ])
}

fn sms_settings(url: &str, tool_secret: [u8; signature::SECRET_BYTES]) -> SmsSettings {
    let tool = Tool {
        name: opening_hours::NAME.to_owned(),
        description: "Tells when the dealership is open.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": { "day": { "type": "string", "enum": opening_hours::DAYS, "description": "One day only." } },
            "additionalProperties": false,
        }),
        url: format!("{url}{}", opening_hours::PATH),
    };
    SmsSettings {
        kind: Kind::Managed,
        prompt: PROMPT.to_owned(),
        opening: None,
        model: None,
        tools: vec![tool],
        tool_secret: Some(Secret::new(tool_secret).reveal()),
        max_tool_calls: MAX_TOOL_CALLS,
        provider_agent_id: None,
        terms: Terms {
            help_text: Some("Demo Motors: we answer questions about our cars. Reply STOP to hear no more.".to_owned()),
            opt_out_text: Some("Demo Motors: you will hear no more from us. Reply START to take that back.".to_owned()),
            fallback_text: Some("Sorry, I cannot answer right now. Somebody will call you back.".to_owned()),
            ..Terms::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_that_texts_has_a_tool_that_the_stack_itself_answers() {
        let settings = sms_settings("http://127.0.0.1:3000", [7; signature::SECRET_BYTES]);
        let [tool] = settings.tools.as_slice() else { panic!("one tool: {:?}", settings.tools) };
        assert_eq!(tool.check(), Ok(()));
        assert_eq!(tool.url, "http://127.0.0.1:3000/_local/tools/opening_hours");
        let secret = settings.tool_secret.as_deref().expect("calls of the tool are signed");
        assert_eq!(Secret::parse(secret).map(|secret| secret.reveal()).as_deref(), Ok(secret));
    }

    #[tokio::test]
    async fn a_start_has_the_key_of_the_start_before_as_long_as_that_opens_everything() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = crate::offline::Offline::create(&folder.path().join("data")).await.expect("a table");
        let (table, url, keys) = (&data.table, "http://127.0.0.1:3000", folder.path());
        let start = async || seed_with_kept_key(table, url, keys, true).await.expect("it is seeded").api_key;
        let earlier = seed(table, url).await.expect("it is seeded").api_key;
        let first = start().await;
        assert_ne!(first, earlier);
        assert_eq!(start().await, first);
        let opens = async |raw: &str| {
            let raw = RawKey::parse(raw).expect("a key");
            let known = table.api_key(raw.scope(), &raw.id()).await.expect("it can be read").expect("it is there");
            known.key.is_valid(table.now())
        };
        assert!(opens(&first).await && !opens(&earlier).await, "what earlier starts left behind is revoked");

        let revoked = RawKey::parse(&first).expect("a key");
        let scope = scope().expect("a scope");
        let audit = AuditEntry {
            at: table.now(),
            actor: Actor::Operator,
            action: Action::ApiKeyRevoked,
            target: String::new(),
            mode: None,
            changed: Vec::new(),
        };
        table.revoke_api_key(&scope, &revoked.id(), &audit).await.expect("it is revoked");
        let second = start().await;
        assert!(second != first && opens(&second).await);
        std::fs::write(folder.path().join(KEY_FILE), "rd_live_dev_0123456789012345678901234567").expect("a file");
        assert!(start().await.starts_with("rd_test_dev_"), "whatever is in the file");
    }
}
