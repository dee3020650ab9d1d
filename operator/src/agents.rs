//! Agents as YAML, in the form of the API. `import` and `POST /v1/agents` accept the output of `export`.

use std::path::Path;
use std::sync::Arc;

use domain::agent::Agent;
use domain::audit::{Action, AuditEntry};
use domain::ids::{AgentId, Mode, Scope};
use domain::signature::Secret;
use domain::time::Timestamp;
use futures::FutureExt as _;
use providers::egress::{Egress, EgressError, EgressPolicy};
use serde_json::{Map, Value, json};
use store::{CreateOutcome, Table};

use crate::cli;
use crate::connect::{self, Deployment};
use crate::error::{Error, did};
use crate::output::{Rows, row};
use crate::yaml::{self, Step};

/// Number of agents in one page.
const PAGE: u8 = 100;

pub(crate) async fn run(deployment: &Deployment, command: cli::Agent) -> Result<Rows, Error> {
    match command {
        cli::Agent::Import { scope, file } => import(deployment, scope, &file).await,
        cli::Agent::Export { scope } => {
            let scope = connect::scope(deployment.organization(&scope.org).await?, scope.mode);
            let agents = all(deployment, &scope).await?;
            let described = agents.iter().map(functions::agents::settings).collect::<Result<Vec<_>, _>>();
            let described = described.map_err(|error| Error::refused(error.to_string()))?;
            let text = serde_yaml_ng::to_string(&described).map_err(|error| Error::refused(error.to_string()))?;
            Ok(Rows::Text(text))
        }
        cli::Agent::RotateToolSecret { scope, slug } => rotate(deployment, scope, &slug).await,
    }
}

/// Returns all agents of a scope.
pub(crate) async fn all(deployment: &Deployment, scope: &Scope) -> Result<Vec<Agent>, Error> {
    let mut agents: Vec<Agent> = Vec::new();
    let mut after = None;
    loop {
        let (found, more_behind) = deployment.table.agents(scope, after, PAGE).await?;
        agents.extend(found);
        after = more_behind;
        if after.is_none() {
            return Ok(agents);
        }
    }
}

/// Imports the agents of a file. Nothing is written unless all of them are valid. The secret of an agent's tools is
/// shown if it is new.
async fn import(deployment: &Deployment, scope: cli::InMode, file: &Path) -> Result<Rows, Error> {
    let organization = deployment.organization_object(&scope.org).await?;
    let scope = connect::scope(organization.id.clone(), scope.mode);
    let text = std::fs::read_to_string(file).map_err(|error| Error::File(file.to_owned(), error.into()))?;
    let egress = forms_only(deployment.is_local)?;
    let mut agents = Vec::new();
    let mut wrong = Vec::new();
    for (place, settings) in described(&text).map_err(|error| Error::File(file.to_owned(), error))?.iter().enumerate() {
        match functions::agents::read(&egress, scope.mode, &organization, &as_of_now(settings)).await {
            Ok(agent) => agents.push(agent),
            Err(errors) => wrong.extend(errors.into_iter().map(|error| {
                let way: Vec<Step> = std::iter::once(Step::Place(place)).chain(yaml::steps(&error.field)).collect();
                let (line, column) = yaml::place(&text, &way).unwrap_or((1, 1));
                format!("line {line}, column {column}: {} {}", error.field, error.message)
            })),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::refused(format!("{}: nothing was imported\n{}", file.display(), wrong.join("\n"))));
    }
    let mut rows = Vec::new();
    for agent in agents {
        rows.push(write(deployment, &scope, agent).await?);
    }
    Ok(Rows::Table(rows))
}

/// Parses the agents of a file.
fn described(text: &str) -> Result<Vec<Map<String, Value>>, Box<dyn std::error::Error + Send + Sync>> {
    // Only this parse reports a name that occurs twice in an object.
    serde_yaml_ng::from_str::<serde_yaml_ng::Value>(text)?;
    Ok(serde_yaml_ng::from_str(text)?)
}

/// Converts settings from the form of earlier exports to the form of the API.
fn as_of_now(settings: &Map<String, Value>) -> Map<String, Value> {
    let mut settings = settings.clone();
    if settings.contains_key("sms") {
        settings.remove("limits");
    }
    let Some(sms) = settings.get_mut("sms").and_then(Value::as_object_mut) else { return settings };
    if let Some(Value::Object(terms)) = sms.remove("terms") {
        sms.extend(terms);
    }
    let model = sms.get_mut("model").and_then(Value::as_object_mut);
    if let Some((model, hundredths)) = model.and_then(|model| {
        let hundredths = model.remove("temperatureHundredths")?.as_f64()?;
        Some((model, hundredths))
    }) {
        model.insert("temperature".to_owned(), json!(hundredths / 100.0));
    }
    settings
}

/// Creates an egress that checks addresses by their form only and never resolves names. The operator's network is not
/// the deployment's, which checks every address again when it connects.
fn forms_only(is_local: bool) -> Result<Egress, Error> {
    let nobody = |_| async { Err(EgressError::Timeout) }.boxed();
    Ok(Egress::through(EgressPolicy { allow_insecure: is_local }, Arc::new(nobody)))
}

async fn write(deployment: &Deployment, scope: &Scope, agent: Agent) -> Result<Value, Error> {
    let table = &deployment.table;
    let id = agent.id;
    let items = table.read(Table::agent_keys(scope, id)).await?;
    let before = items.agent(scope, id)?;
    let stored = items.stored_agent(scope, id)?;
    let mut next = agent;
    // A live agent from before there were modes continues to serve test keys.
    next.mode = before.as_ref().filter(|_| scope.mode == Mode::Live).map_or(Some(scope.mode), |before| before.mode);
    next.version = before.as_ref().or(stored.as_ref()).map_or(0, |known| known.version);
    let new_secret = keep_secret(table, &mut next, before.as_ref())?;
    let is_same = before.as_ref().is_some_and(|before| Agent { mode: before.mode, ..next.clone() } == *before);
    let slug = next.slug.clone();
    let outcome = if is_same {
        "unchanged"
    } else {
        next.version = next.version.saturating_add(1);
        let changed = || Error::refused(format!("agent {slug} is being changed by somebody else"));
        if before.is_none() {
            let audit = did_to(scope, Action::AgentCreated, id, table.now());
            let CreateOutcome::Created = table.create_agent(scope, &items, &next, None, &audit).await? else {
                return Err(changed());
            };
            "made"
        } else {
            let audit = did_to(scope, Action::AgentUpdated, id, table.now());
            if !table.replace_agent(scope, &items, &next, &audit).await? {
                return Err(changed());
            }
            "changed"
        }
    };
    Ok(row([
        ("slug", json!(slug)),
        ("outcome", json!(outcome)),
        ("version", json!(next.version)),
        // The field is in every row, because a table has the columns of its first row.
        ("toolSecret", json!(new_secret)),
    ]))
}

/// Keeps the secret that signs the calls of an agent's tools. With the first tool, creates the secret and returns it.
fn keep_secret(table: &Table, next: &mut Agent, before: Option<&Agent>) -> Result<Option<String>, Error> {
    let Some(sms) = next.sms.as_mut() else { return Ok(None) };
    sms.tool_secret = before.and_then(|agent| agent.sms.as_ref()).and_then(|sms| sms.tool_secret.clone());
    if sms.tool_secret.is_none() && !sms.tools.is_empty() {
        sms.tool_secret = Some(new_secret(table)?);
        return Ok(sms.tool_secret.clone());
    }
    Ok(None)
}

fn new_secret(table: &Table) -> Result<String, Error> {
    Ok(Secret::new(table.entropy().bytes().map_err(store::StoreError::from)?).reveal())
}

/// Replaces the secret of an agent's tools and shows the new one once. Open conversations keep the earlier secret.
async fn rotate(deployment: &Deployment, scope: cli::InMode, slug: &str) -> Result<Rows, Error> {
    let table = &deployment.table;
    let scope = connect::scope(deployment.organization(&scope.org).await?, scope.mode);
    let id = AgentId::for_slug(&scope.organization, slug);
    let items = table.read(Table::agent_keys(&scope, id)).await?;
    let before = items.agent(&scope, id)?;
    let mut next = before.ok_or_else(|| Error::refused(format!("there is no agent {slug}")))?;
    let sms = next.sms.as_mut().filter(|sms| !sms.tools.is_empty());
    let sms = sms.ok_or_else(|| Error::refused(format!("agent {slug} has no tools, and no secret for them")))?;
    let secret = new_secret(table)?;
    sms.tool_secret = Some(secret.clone());
    next.version = next.version.saturating_add(1);
    if scope.mode == Mode::Test {
        next.mode = Some(Mode::Test);
    }
    let audit = did_to(&scope, Action::AgentToolSecretRotated, id, table.now());
    if !table.replace_agent(&scope, &items, &next, &audit).await? {
        return Err(Error::refused(format!("agent {slug} is being changed by somebody else")));
    }
    let version = next.version;
    Ok(Rows::Table(vec![row([("slug", json!(slug)), ("version", json!(version)), ("toolSecret", json!(secret))])]))
}

/// Returns the audit entry of an operator's action on an agent.
fn did_to(scope: &Scope, action: Action, id: AgentId, at: Timestamp) -> AuditEntry {
    AuditEntry { mode: Some(scope.mode), ..did(action, id, &[], at) }
}
