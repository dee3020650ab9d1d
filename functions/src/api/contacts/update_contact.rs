//! `PATCH /v1/contacts/{id}`: changes a contact.

use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;

use crate::api::contacts::get_contact::contact;
use crate::api::contacts::view::{ContactView, details};
use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::http::Response;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "update-contact",
    trigger: Trigger::Http(Route::with_key(
        "PATCH",
        "/v1/contacts/{id}",
        Permission::CanManageContacts,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
};

/// What a request may say.
pub(crate) const FIELDS: [&str; 3] = ["firstName", "lastName", "email"];

/// Changes what is named, to null where it is null. The number cannot be changed: another number is another contact.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let mut fields = Fields::open(request, &FIELDS)?;
    let new = details(&mut fields);
    let named = FIELDS.map(|name| fields.mentions(name));
    fields.finish()?;
    let change = |old: &domain::contact::Details| {
        let [first_name, last_name, email] = named;
        let mut details = old.clone();
        if first_name {
            details.first_name.clone_from(&new.first_name);
        }
        if last_name {
            details.last_name.clone_from(&new.last_name);
        }
        if email {
            details.email.clone_from(&new.email);
        }
        details
    };
    let changed = app.store.table.change_contact(&caller.scope, contact(request)?, change).await?;
    let contact = changed.ok_or(ApiError::NotFound("contact"))?;
    Ok(Response::data(StatusCode::OK, request, ContactView::new(contact, caller.scope.mode))?)
}
