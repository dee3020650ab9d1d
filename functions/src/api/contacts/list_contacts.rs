//! `GET /v1/contacts`: lists the contacts of an organization and mode.

use domain::ids::ContactId;
use domain::key::Permission;
use futures::FutureExt;

use crate::api::contacts::view::ContactView;
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-contacts",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/contacts",
        Permission::CanManageContacts,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Returns a page of contacts, in no particular order.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "contacts", &[])?;
    let after = page.start.as_deref().and_then(ContactId::parse);
    let (contacts, more) = app.store.table.contacts(&caller.scope, after, page.limit).await?;
    let last = contacts.last().map(|contact| page.cursor(&caller, &contact.id.to_string()));
    let mode = caller.scope.mode;
    let views: Vec<ContactView> = contacts.into_iter().map(|contact| ContactView::new(contact, mode)).collect();
    Ok(Response::page(request, views, last.filter(|_| more))?)
}

#[cfg(feature = "openapi")]
mod document {
    use crate::api::contacts::view::ContactView;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let contacts = schema::page(schema::of::<ContactView>());
        operation("contacts", "List contacts", "The contacts of the key's mode, in no order that means anything.")
            .parameters(parameters::page())
            .response("200", answers::json(None, "A page of contacts.", contacts))
            .refused(vec![invalid_page()])
    }
}
