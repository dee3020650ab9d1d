//! `GET /v1/agents`: lists an organization's agents of one mode.

use domain::ids::AgentId;
use domain::key::Permission;
use futures::FutureExt;

use crate::api::agents::view::AgentView;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-agents",
    trigger: Trigger::Http(Route::with_key("GET", "/v1/agents", Permission::CanManageAgents, no_keys, |authorized| {
        handle(authorized).boxed()
    })),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of agents.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "agents", &[])?;
    let after = page.start.as_deref().and_then(AgentId::parse);
    let (agents, more_behind) = app.store.table.agents(&caller.scope, after, page.limit).await?;
    let cursor = more_behind.map(|id| page.cursor(&caller, &id.to_string()));
    let views: Vec<AgentView> = agents.iter().map(|agent| AgentView::new(agent, caller.scope.mode)).collect();
    Ok(Response::page(request, views, cursor)?)
}

#[cfg(feature = "openapi")]
mod document {
    use serde_json::{Value, json};

    use crate::api::agents::view::AgentView;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let page = schema::page(schema::of::<AgentView>());
        operation("administration", "List agents", "The agents of the mode of the request's key.")
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of agents.", page))
            .refused(vec![invalid_page()])
    }

    fn answer() -> Value {
        examples::page(json!([examples::administration::agent()]))
    }
}
