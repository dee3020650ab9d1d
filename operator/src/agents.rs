//! Agents, as YAML: what `export` writes, `import` takes.

use std::path::Path;

use domain::audit::Action;
use domain::ids::{AgentId, Channel, OrganizationId};
use domain::organization::{Agent, Limits, Provider, VoiceSettings};
use domain::phone::PhoneNumber;
use domain::retention::Retention;
use domain::signature::Secret;
use domain::sms::{Opening, SmsSettings};
use domain::template::Template;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::keys;

use crate::cli;
use crate::connect::Deployment;
use crate::error::{Error, did};
use crate::output::{Rows, row};

/// How many agents are read at a time.
const PAGE: u8 = 100;

/// An agent in a file. Its id follows from its slug, and its version is counted here.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Described {
    slug: String,
    name: String,
    channel: Channel,
    #[serde(default = "simulator")]
    provider: Provider,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<PhoneNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    required_variables: Vec<String>,
    #[serde(default)]
    limits: Limits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retention_days: Option<Retention>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<VoiceSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sms: Option<SmsSettings>,
}

fn simulator() -> Provider {
    Provider::Simulator
}

pub(crate) async fn run(deployment: &Deployment, command: cli::Agent) -> Result<Rows, Error> {
    match command {
        cli::Agent::Import { org, file } => import(deployment, &org, &file).await,
        cli::Agent::Export { org } => {
            let organization = deployment.organization(&org).await?;
            let described: Vec<Described> = all(deployment, &organization).await?.into_iter().map(describe).collect();
            let text = serde_yaml_ng::to_string(&described).map_err(|error| Error::refused(error.to_string()))?;
            Ok(Rows::Text(text))
        }
    }
}

async fn all(deployment: &Deployment, organization: &OrganizationId) -> Result<Vec<Agent>, Error> {
    let mut agents: Vec<Agent> = Vec::new();
    loop {
        let after = agents.last().map(|agent| agent.id);
        let (found, more) = deployment.table.agents(organization, after, PAGE).await?;
        agents.extend(found);
        if !more {
            return Ok(agents);
        }
    }
}

/// Nothing is written unless every agent of the file is sound.
async fn import(deployment: &Deployment, org: &str, file: &Path) -> Result<Rows, Error> {
    let organization = deployment.organization(org).await?;
    let text = std::fs::read_to_string(file).map_err(|error| Error::File(file.to_owned(), error.into()))?;
    let described: Vec<Described> =
        serde_yaml_ng::from_str(&text).map_err(|error| Error::File(file.to_owned(), error.into()))?;
    for agent in &described {
        check(agent).map_err(|problem| Error::refused(format!("agent {}: {problem}", agent.slug)))?;
    }
    let mut rows = Vec::new();
    for agent in described {
        let slug = agent.slug.clone();
        let (outcome, version) = write(deployment, &organization, agent).await?;
        rows.push(row([("slug", json!(slug)), ("outcome", json!(outcome)), ("version", json!(version))]));
    }
    Ok(Rows::Table(rows))
}

async fn write(
    deployment: &Deployment,
    organization: &OrganizationId,
    agent: Described,
) -> Result<(&'static str, u32), Error> {
    let table = &deployment.table;
    let id = AgentId::for_slug(organization, &agent.slug);
    let key = keys::agent(organization, id);
    let items = table.read([key.clone()]).await?;
    let before: Option<Agent> = items.read("agent", &key)?;
    let mut next = stored(id, agent, before.as_ref());
    if let Some(sms) = next.sms.as_mut().filter(|sms| sms.tool_secret.is_none() && !sms.tools.is_empty()) {
        let random = table.entropy().bytes().map_err(store::StoreError::from)?;
        sms.tool_secret = Some(Secret::new(random).reveal());
    }
    let Some(before) = before else {
        table.create_agent(organization, &next, None, &did(Action::AgentCreated, id, &[], table.now())).await?;
        return Ok(("made", next.version));
    };
    if next == before {
        return Ok(("unchanged", before.version));
    }
    next.version = before.version.saturating_add(1);
    let audit = did(Action::AgentUpdated, id, &[], table.now());
    if !table.replace_agent(organization, &items, &next, &audit).await? {
        return Err(Error::refused(format!("agent {} is being changed by somebody else", next.slug)));
    }
    Ok(("changed", next.version))
}

fn check(agent: &Described) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if agent.slug.is_empty() || agent.slug.len() > 64 || !agent.slug.bytes().all(is_plain) {
        return Err("slug must be 1 to 64 lower-case letters, digits and hyphens".to_owned());
    }
    if (agent.channel == Channel::Sms) != agent.sms.is_some() {
        return Err("an agent of the channel sms, and no other, has sms settings".to_owned());
    }
    check_provider(agent)?;
    let Some(sms) = &agent.sms else { return Ok(()) };
    Template::parse(&sms.prompt).map_err(|error| format!("sms.prompt: {error}"))?;
    if let Some(Opening::Template { text }) = &sms.opening {
        Template::parse(text).map_err(|error| format!("sms.opening.text: {error}"))?;
    }
    for tool in &sms.tools {
        tool.check().map_err(|problem| format!("tool {}: {problem}", tool.name))?;
        if !tool.url.starts_with("https://") {
            return Err(format!("tool {}: url must begin with https://", tool.name));
        }
    }
    Ok(())
}

fn check_provider(agent: &Described) -> Result<(), String> {
    let (provider, channel) = (agent.provider, agent.channel);
    if !provider.carries(channel) {
        return Err(format!("{} does not carry the channel {} here", provider.as_str(), channel.as_str()));
    }
    if channel == Channel::Sms && agent.voice.is_some() {
        return Err("voice settings are for agents that call".to_owned());
    }
    if let Some(Err(error)) = agent.voice.as_ref().and_then(|voice| voice.opening.as_deref()).map(Template::parse) {
        return Err(format!("voice.opening: {error}"));
    }
    let voice = agent.voice.clone().unwrap_or_default();
    let problem = voice.problem(provider).filter(|_| channel == Channel::Voice);
    if let Some(what) = problem {
        return Err(format!("voice {what}"));
    }
    let problem = agent.sms.as_ref().and_then(|sms| sms.problem(provider));
    problem.map_or(Ok(()), |what| Err(format!("sms {what}")))
}

fn describe(agent: Agent) -> Described {
    // A secret is in no file.
    let sms = agent.sms.map(|sms| SmsSettings { tool_secret: None, ..sms });
    Described {
        slug: agent.slug,
        name: agent.name,
        channel: agent.channel,
        provider: agent.provider,
        number: agent.number,
        external_id: agent.external_id,
        prompt: agent.prompt,
        required_variables: agent.required_variables,
        limits: agent.limits,
        retention_days: agent.retention,
        voice: agent.voice,
        sms,
    }
}

fn stored(id: AgentId, described: Described, before: Option<&Agent>) -> Agent {
    let Described {
        slug,
        name,
        channel,
        provider,
        number,
        external_id,
        prompt,
        required_variables,
        limits,
        retention_days,
        voice,
        sms,
    } = described;
    let known = before.and_then(|agent| agent.sms.as_ref()).and_then(|sms| sms.tool_secret.clone());
    let sms = sms.map(|sms| SmsSettings { tool_secret: known.clone(), ..sms });
    let version = before.map_or(1, |agent| agent.version);
    Agent {
        id,
        slug,
        name,
        channel,
        provider,
        version,
        number,
        external_id,
        prompt,
        required_variables,
        limits,
        retention: retention_days,
        voice,
        sms,
    }
}
