//! `GET /v1/audit`: lists administrative changes of the organization, each with its actor.

use domain::audit::AuditEntry;
use domain::key::Permission;
use futures::FutureExt;

use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-audit-entries",
    trigger: Trigger::Http(Route::with_key("GET", "/v1/audit", Permission::CanReadAudit, no_keys, |authorized| {
        handle(authorized).boxed()
    })),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of the audit log, newest first. It contains entries of the API key's mode and entries that concern both modes.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "audit", &[])?;
    let scope = &caller.scope;
    let found = app.store.table.audit_log(&scope.organization, page.start.as_deref(), page.limit).await?;
    let concerns = |entry: &AuditEntry| entry.mode.is_none_or(|mode| mode == scope.mode);
    let entries: Vec<AuditEntry> = found.entries.into_iter().filter(concerns).collect();
    Ok(Response::page(request, entries, found.next.map(|place| page.cursor(&caller, &place)))?)
}

#[cfg(feature = "openapi")]
mod document {
    use domain::audit::AuditEntry;
    use serde_json::{Value, json};

    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, examples, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let page = schema::page(schema::of::<AuditEntry>());
        operation("administration", "List the audit log", AUDIT)
            .parameters(parameters::page())
            .response("200", answers::json(Some(answer()), "A page of entries, newest first.", page))
            .schema::<AuditEntry>(|entry| {
                schema::always_there(entry);
                entry.required.retain(|name| name != "changed");
            })
            .refused(vec![invalid_page()])
    }

    const AUDIT: &str = "Who changed what: endpoints, keys, agents, and what the operator and the service itself did. What concerns \
    the mode of the request's key, and what concerns both.";

    fn answer() -> Value {
        examples::page(json!([{
            "at": "2026-04-10T14:00:00.000Z", "actor": {"by": "api_key", "id": examples::administration::KEY}, "action": "webhook.updated",
            "target": examples::webhook()["id"], "mode": "test", "changed": ["events"]
        }]))
    }
}
