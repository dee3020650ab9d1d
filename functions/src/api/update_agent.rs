//! `PATCH /v1/agents/{id}`: changes an agent, by a JSON merge patch. What it holds already keeps the version it began with.

use domain::agent::Agent;
use domain::audit::Action;
use domain::ids::Mode;
use lambda_http::http::StatusCode;

use super::agent_change::{changed, give_secret};
use super::agent_fields;
pub(crate) use super::agent_fields::FIELDS;
pub(crate) use super::agent_reads as reads;
use super::agent_view::AgentView;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::registry::Authorized;

/// Changes what was sent and keeps the rest. The whole of what comes of it is judged as if it were new. What a test key
/// changes of an agent of before there were modes becomes a test agent of its own.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let before = super::agent(&authorized)?;
    let Authorized { app, caller, request, items } = &authorized;
    let mut patch = Fields::open(request, &FIELDS)?;
    agent_fields::stays(&mut patch, "slug", &before.slug);
    agent_fields::stays(&mut patch, "channel", before.channel.as_str());
    let names: Vec<String> = patch.names().map(str::to_owned).collect();
    patch.finish()?;
    let mut after = changed(&authorized, &before, request.json()).await?;
    caller.must_not_be_suspended()?;
    let table = &app.store.table;
    give_secret(table, &mut after, Some(&before))?;
    let mode = caller.scope.mode;
    (after.mode, after.version) = (before.mode, before.version);
    if after != before {
        after.version = before.version.saturating_add(1);
        after.mode = mode_after(&before, mode);
        let audit = caller.did(Action::AgentUpdated, after.id, names, table.now());
        if !table.replace_agent(&caller.scope, items, &after, &audit).await? {
            return Err(store::StoreError::Conflict.into());
        }
    }
    Ok(Response::data(StatusCode::OK, request, AgentView::with_new_secret(&after, mode, Some(&before)))?)
}

/// A live key changes an agent of before there were modes in its place, and it goes on serving test keys.
fn mode_after(before: &Agent, mode: Mode) -> Option<Mode> {
    match mode {
        Mode::Live => before.mode,
        Mode::Test => Some(Mode::Test),
    }
}
