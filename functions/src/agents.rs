//! Agents in the format of the API, for other packages. The operator's command reads and writes the same settings as `POST
//! /v1/agents`, by the same rules.

use domain::agent::Agent;
use domain::ids::Mode;
use domain::organization::Organization;
use providers::egress::Egress;
use serde_json::{Map, Value};

use crate::api::agents::fields::{self, FIELDS};
use crate::api::agents::view;
use crate::error::FieldError;
use crate::fields::Fields;

/// Fields of an agent that the API returns besides its settings. They are ignored on input, because a client that sends an
/// answer back includes them.
const ANSWERED: [&str; 4] = ["id", "mode", "version", "toolSecret"];

/// Reads an agent of a mode.
///
/// # Errors
/// All invalid fields, with their paths.
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

/// Returns an agent's settings in the format of a request, without the secret of its tools.
///
/// # Errors
/// If they cannot be written as JSON.
pub fn settings(agent: &Agent) -> Result<Map<String, Value>, serde_json::Error> {
    view::settings(agent)
}
