//! Agents in the form of the API, for whoever reads and writes them elsewhere: the operator's command takes and gives the
//! same settings as `POST /v1/agents`, by the same rules.

use domain::agent::Agent;
use domain::ids::Mode;
use domain::organization::Organization;
use providers::egress::Egress;
use serde_json::{Map, Value};

use crate::api::agents::fields::{self, FIELDS};
use crate::api::agents::view;
use crate::error::FieldError;
use crate::fields::Fields;

/// What an answer of the API says of an agent beside its settings. Who sends an answer back sends them along.
const ANSWERED: [&str; 4] = ["id", "mode", "version", "toolSecret"];

/// Reads an agent of a mode.
///
/// # Errors
/// Every wrong field, by its path.
pub async fn read(
    egress: &Egress,
    mode: Mode,
    organization: &Organization,
    settings: &Map<String, Value>,
) -> Result<Agent, Vec<FieldError>> {
    let mut settings = settings.clone();
    settings.retain(|name, _| !ANSWERED.contains(&name.as_str()));
    let mut fields = Fields::within(&settings, &FIELDS);
    let agent = fields::agent(egress, &mut fields, mode, organization).await;
    match (fields.into_errors(), agent) {
        (errors, Some(agent)) if errors.is_empty() => Ok(agent),
        (errors, _) if errors.is_empty() => Err(vec![FieldError::new("slug", "describes no agent")]),
        (errors, _) => Err(errors),
    }
}

/// An agent's settings, as a request would send them. The secret of its tools is none of them.
///
/// # Errors
/// Where they cannot be written as JSON.
pub fn settings(agent: &Agent) -> Result<Map<String, Value>, serde_json::Error> {
    view::settings(agent)
}
