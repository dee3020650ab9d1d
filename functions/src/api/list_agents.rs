//! `GET /v1/agents`: an organization's agents of a mode.

use domain::ids::AgentId;

use super::agent_view::AgentView;
pub(crate) use super::no_reads as reads;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::registry::Authorized;

/// Answers with a page of agents.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "agents", &[])?;
    let after = page.start.as_deref().and_then(AgentId::parse);
    let (agents, more_behind) = app.store.table.agents(&caller.scope, after, page.limit).await?;
    let cursor = more_behind.map(|id| page.cursor(&caller, &id.to_string()));
    let views: Vec<AgentView> = agents.iter().map(|agent| AgentView::new(agent, caller.scope.mode)).collect();
    Ok(Response::page(request, views, cursor)?)
}
