//! `GET /v1/do-not-call`: lists the do-not-call entries of an organization and mode.

use domain::key::Permission;
use futures::FutureExt;

use crate::api::do_not_call::put_do_not_call::EntryView;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-do-not-call",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/do-not-call",
        Permission::CanManageContacts,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of entries, in no particular order.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "do-not-call", &[])?;
    let (entries, more) = app.store.table.suppressions(&caller.scope, page.start.as_deref(), page.limit).await?;
    let last = entries.last().map(|(place, _)| page.cursor(&caller, place));
    let mode = caller.scope.mode;
    let views: Vec<EntryView> = entries.into_iter().map(|(_, entry)| EntryView::new(entry, mode)).collect();
    Ok(Response::page(request, views, last.filter(|_| more))?)
}

#[cfg(feature = "openapi")]
mod document {
    use crate::api::do_not_call::put_do_not_call::EntryView as DoNotCallEntry;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "The numbers of the key's mode, in no order that means anything.";
        let entries = schema::page(schema::of::<DoNotCallEntry>());
        operation("do-not-call", "List the do-not-call list", description)
            .parameters(parameters::page())
            .response("200", answers::json(None, "A page of entries.", entries))
            .schema::<DoNotCallEntry>(schema::always_there)
            .refused(vec![invalid_page()])
    }
}
