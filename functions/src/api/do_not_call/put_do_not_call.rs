//! `PUT /v1/do-not-call/{number}`: adds a number to the do-not-call list. The request needs no body.

use domain::ids::{Mode, Scope};
use domain::key::Permission;
use domain::phone::PhoneNumber;
use domain::phone_input::canonical;
use domain::suppression::Suppression;
use domain::time::Timestamp;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::keys::{self, Key};

use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "put-do-not-call",
    trigger: Trigger::Http(Route::with_key(
        "PUT",
        "/v1/do-not-call/{number}",
        Permission::CanManageContacts,
        keys_to_load,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Entry of the do-not-call list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DoNotCallEntry))]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
    /// Phone number, in E.164; null if it was erased.
    phone_number: Option<PhoneNumber>,
    /// Mode in which the entry applies.
    mode: Mode,
    /// Source of the entry: `manual`, `import`, `analysis`, `keyword` or `carrier`.
    source: String,
    /// Time since which the number is listed.
    created_at: Timestamp,
}

impl EntryView {
    /// Returns the entry for a response.
    pub(crate) fn new(entry: Suppression, mode: Mode) -> Self {
        Self { phone_number: entry.phone_number, mode, source: entry.source, created_at: entry.created_at }
    }
}

/// Returns the key of the number's entry.
fn keys_to_load(request: &Request, scope: &Scope) -> Vec<Key> {
    number(request).map(|number| keys::suppression(scope, &number)).into_iter().collect()
}

/// Returns the number that the path names.
pub(crate) fn number(request: &Request) -> Result<PhoneNumber, ApiError> {
    PhoneNumber::parse(request.path("number")).map_err(|error| ApiError::field("number", error))
}

/// Adds a number to the list. An existing entry stays unchanged, unless it came from the customer's keyword or the carrier. Such an
/// entry becomes a manual one, which no keyword removes.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, items } = authorized;
    let number = number(request)?;
    let known: Option<Suppression> = items.read("do-not-call entry", &keys::suppression(&caller.scope, &number))?;
    let table = &app.store.table;
    let new = Suppression { phone_number: Some(number.clone()), source: "manual".to_owned(), created_at: table.now() };
    let known = match known {
        Some(known) if !new.outranks(&known) && canonical(&number).is_none() => Some(known),
        Some(_) | None => table.suppress_once(&caller.scope, &number, &new).await?,
    };
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let view = EntryView::new(known.unwrap_or(new), caller.scope.mode);
    Ok(Response::data(status, request, view)?)
}

#[cfg(feature = "openapi")]
mod document {
    use super::EntryView as DoNotCallEntry;
    use crate::openapi::operation::{Document, conflict, invalid_number, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "Needs no body. An entry that is there stays as it is, with its source and time, and is answered \
                       with 200. What is accepted already is not dialled any more, unless it is being dialled right now.";
        let entry = || schema::envelope(schema::of::<DoNotCallEntry>());
        operation("do-not-call", "Put a number on the do-not-call list", description)
            .parameter(parameters::number())
            .response("201", answers::json(None, "The number is on the list from now on.", entry()))
            .response("200", answers::json(None, "The number was on the list.", entry()))
            .refused(vec![invalid_number(), conflict()])
    }
}
