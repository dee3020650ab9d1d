//! `GET /v1/contacts/{id}`: one contact.

use domain::ids::{ContactId, Scope};
use lambda_http::http::StatusCode;
use store::Table;
use store::keys::{self, Key};

use super::contact_view::ContactView;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::registry::Authorized;

/// The contact that the path names.
pub(crate) fn reads(request: &Request, scope: &Scope) -> Vec<Key> {
    contact(request).map(|id| keys::contact(scope, id)).into_iter().collect()
}

/// The contact that the path names.
pub(super) fn contact(request: &Request) -> Result<ContactId, ApiError> {
    ContactId::parse(request.path("id")).ok_or(ApiError::NotFound("contact"))
}

/// Answers with a contact.
pub(crate) async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { caller, request, items, .. } = authorized;
    let found = Table::contact_of(&caller.scope, &items, contact(request)?)?;
    let (contact, _) = found.ok_or(ApiError::NotFound("contact"))?;
    Ok(Response::data(StatusCode::OK, request, ContactView::new(contact, caller.scope.mode))?)
}
