//! Commands about organizations and their numbers.

use domain::audit::Action;
use domain::calling_code;
use domain::digest::hex;
use domain::ids::{Mode, OrganizationId, Scope};
use domain::organization::{Bounds, Defaults, Organization};
use domain::phone::{Country, PhoneNumber};
use serde_json::{Value, json};
use store::{Edited, NumberChange};

use crate::agents;
use crate::cli::{Ask, Number, Org, Owned, Settings};
use crate::connect::{Deployment, organization_id};
use crate::error::{Error, did};
use crate::output::{Rows, row};

/// Number of random bytes in the key that signs an organization's cursors.
const CURSOR_KEY_BYTES: usize = 24;

pub(crate) async fn run(deployment: &Deployment, command: Org, ask: Ask) -> Result<Rows, Error> {
    match command {
        Org::Create { id, name } => create(deployment, &id, name).await,
        Org::List => {
            let organizations = deployment.table.organizations().await?;
            Ok(Rows::Table(organizations.iter().map(shown).collect()))
        }
        Org::Set(settings) => set(deployment, &settings).await,
        Org::Suspend { id } => {
            ask.confirm(&format!("nothing of {id} will be accepted or dialled any more"))?;
            edit(deployment, &id, &["suspended"], |organization| {
                organization.suspended = true;
                Ok(())
            })
            .await
        }
        Org::Resume { id } => {
            edit(deployment, &id, &["suspended"], |organization| {
                organization.suspended = false;
                Ok(())
            })
            .await
        }
    }
}

/// Changes the settings that were named. Others stay unchanged.
async fn set(deployment: &Deployment, settings: &Settings) -> Result<Rows, Error> {
    let own = settings.country.as_deref().map(country).transpose()?;
    let countries = match settings.countries.as_deref() {
        Some("own") => Some(Vec::new()),
        Some(list) => Some(list.split(',').map(country).collect::<Result<Vec<_>, _>>()?),
        None => None,
    };
    let concurrent = match settings.concurrent_calls.as_deref() {
        Some("unlimited") => Some(None),
        Some(number) => {
            let parsed = number.parse::<u32>().ok().filter(|number| *number > 0);
            let wrong = || Error::refused(format!("{number} is no number of calls: say 1 or more, or `unlimited`"));
            Some(Some(parsed.ok_or_else(wrong)?))
        }
        None => None,
    };
    let named = [
        ("name", settings.name.is_some()),
        ("country", own.is_some()),
        ("countries", countries.is_some()),
        ("concurrentCalls", concurrent.is_some()),
        ("premium", settings.premium.is_some()),
    ];
    let changed: Vec<&str> = named.into_iter().filter(|(_, is_named)| *is_named).map(|(name, _)| name).collect();
    if changed.is_empty() {
        return Err(Error::refused("nothing to set: see `ringdown org set --help`"));
    }
    edit(deployment, &settings.id, &changed, |organization| {
        organization.name = settings.name.clone().unwrap_or_else(|| organization.name.clone());
        organization.defaults.country = own.or(organization.defaults.country);
        if let Some(countries) = &countries {
            organization.bounds.countries.clone_from(countries);
        }
        organization.bounds.concurrent_calls = concurrent.unwrap_or(organization.bounds.concurrent_calls);
        organization.bounds.premium = settings.premium.unwrap_or(organization.bounds.premium);
        Ok(())
    })
    .await
}

/// Parses a country that has phone numbers.
fn country(code: &str) -> Result<Country, Error> {
    let known = Country::parse(code.trim()).filter(|code| calling_code::countries().any(|known| known == *code));
    known.ok_or_else(|| Error::refused(format!("{code} is no country with phone numbers: say it as in US or DE")))
}

async fn create(deployment: &Deployment, id: &str, name: Option<String>) -> Result<Rows, Error> {
    let table = &deployment.table;
    let cursor_key = table.entropy().bytes::<CURSOR_KEY_BYTES>().map_err(store::StoreError::from)?;
    let organization = Organization {
        id: organization_id(id)?,
        name: name.unwrap_or_else(|| id.to_owned()),
        suspended: false,
        cursor_key: hex(&cursor_key),
        numbers: Vec::new(),
        former_numbers: Vec::new(),
        defaults: Defaults::default(),
        bounds: Bounds::default(),
        endpoints: Vec::new(),
    };
    if table.create_organization(&organization).await? {
        Ok(Rows::Table(vec![shown(&organization)]))
    } else {
        Err(Error::refused(format!("there is an organization {id} already")))
    }
}

pub(crate) async fn numbers(deployment: &Deployment, command: Number, ask: Ask) -> Result<Rows, Error> {
    match command {
        Number::List { org } => {
            let id = organization_id(&org)?;
            let found = deployment.table.organization(&id).await?;
            let found = found.ok_or_else(|| Error::refused(format!("there is no organization {id}")))?;
            let shown = |number: &PhoneNumber| row([("number", json!(number)), ("organization", json!(id))]);
            Ok(Rows::Table(found.numbers.iter().map(shown).collect()))
        }
        Number::Add(owned) => add(deployment, &owned).await,
        Number::Remove(owned) => remove(deployment, &owned, ask).await,
    }
}

/// Assigns a number to an organization. A number belongs to one organization only.
async fn add(deployment: &Deployment, Owned { number, org }: &Owned) -> Result<Rows, Error> {
    let (number, id) = (parse(number)?, organization_id(org)?);
    let audit = did(Action::OrganizationUpdated, &id, &["numbers"], deployment.table.now());
    match deployment.table.add_number(&id, &number, &audit).await? {
        NumberChange::Done(organization) => Ok(Rows::Table(vec![shown(&organization)])),
        NumberChange::Missing => Err(Error::refused(format!("there is no organization {id}"))),
        NumberChange::NotTheirs(owner) => Err(not_theirs(&number, &id, owner)),
    }
}

/// Removes a number from an organization, which then cannot send from it. Shows the agents that still have the number.
async fn remove(deployment: &Deployment, Owned { number, org }: &Owned, ask: Ask) -> Result<Rows, Error> {
    let (number, id) = (parse(number)?, organization_id(org)?);
    let bearers = bearers(deployment, &id, &number).await?;
    let who = if bearers.is_empty() { String::new() } else { format!(", nor will its agents {}", bearers.join(", ")) };
    ask.confirm(&format!("{id} will not call or text from {} any more{who}", number.as_str()))?;
    let audit = did(Action::OrganizationUpdated, &id, &["numbers"], deployment.table.now());
    match deployment.table.remove_number(&id, &number, &audit).await? {
        NumberChange::Done(organization) => {
            let mut shown = shown(&organization);
            shown["agentsWithoutTheirNumber"] = json!(bearers);
            Ok(Rows::Table(vec![shown]))
        }
        NumberChange::Missing => Err(Error::refused(format!("there is no organization {id}"))),
        NumberChange::NotTheirs(owner) => Err(not_theirs(&number, &id, owner)),
    }
}

fn not_theirs(number: &PhoneNumber, id: &OrganizationId, owner: Option<OrganizationId>) -> Error {
    Error::refused(match owner {
        Some(owner) => format!("{} belongs to {owner}", number.as_str()),
        None => format!("{} is not one of the numbers of {id}", number.as_str()),
    })
}

/// Returns the slugs of an organization's live agents that have a number.
async fn bearers(deployment: &Deployment, id: &OrganizationId, number: &PhoneNumber) -> Result<Vec<String>, Error> {
    let agents = agents::all(deployment, &Scope { organization: id.clone(), mode: Mode::Live }).await?;
    let bear = agents.into_iter().filter(|agent| agent.number.as_ref() == Some(number));
    Ok(bear.map(|agent| agent.slug).collect())
}

fn parse(number: &str) -> Result<PhoneNumber, Error> {
    PhoneNumber::parse(number).map_err(|error| Error::refused(format!("{number} {error}")))
}

async fn edit(
    deployment: &Deployment,
    id: &str,
    changed: &[&str],
    edit: impl Fn(&mut Organization) -> Result<(), Error>,
) -> Result<Rows, Error> {
    let id = organization_id(id)?;
    let audit = did(Action::OrganizationUpdated, &id, changed, deployment.table.now());
    match deployment.table.edit_organization(&id, &audit, edit).await? {
        Edited::Done(organization) => Ok(Rows::Table(vec![shown(&organization)])),
        Edited::Missing => Err(Error::refused(format!("there is no organization {id}"))),
        Edited::Refused(error) => Err(error),
    }
}

fn shown(organization: &Organization) -> Value {
    row([
        ("id", json!(organization.id)),
        ("name", json!(organization.name)),
        ("suspended", json!(organization.suspended)),
        ("numbers", json!(organization.numbers)),
        ("country", json!(organization.defaults.country)),
        ("countries", json!(organization.bounds.countries)),
        ("concurrentCalls", json!(organization.bounds.concurrent_calls)),
        ("premium", json!(organization.bounds.premium)),
        ("webhooks", json!(organization.endpoints.len())),
    ])
}
