//! `GET /v1/wallet/entries`: lists the entries of the wallet's ledger.

use domain::key::Permission;
use domain::time::Timestamp;
use domain::wallet::{EntryKind, WalletEntry};
use futures::FutureExt;
use serde::Serialize;

use crate::api::paths::no_keys;
use crate::error::ApiError;
use crate::http::Response;
use crate::page::Page;
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "list-wallet-entries",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/wallet/entries",
        Permission::CanReadWallet,
        no_keys,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Entry of the wallet's ledger. The sum of all entries is the balance.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WalletEntry))]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
    /// Kind of the entry.
    kind: EntryKind,
    /// Amount in whole minor units of the currency. It is positive if the balance increases.
    amount: i64,
    /// `conversationId` of the call or, for a credit, the operator's reference.
    reference: String,
    /// Time of the entry.
    at: Timestamp,
}

impl From<WalletEntry> for EntryView {
    fn from(entry: WalletEntry) -> Self {
        Self { kind: entry.kind, amount: entry.amount_minor, reference: entry.reference, at: entry.at }
    }
}

/// Returns a page of entries, newest first.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { app, caller, request, .. } = authorized;
    let page = Page::parse(request, &caller, "wallet-entries", &[])?;
    let (entries, more) = app.store.table.wallet_entries(&caller.scope, page.start.as_deref(), page.limit).await?;
    let last = entries.last().map(|(place, _)| page.cursor(&caller, place));
    let views: Vec<EntryView> = entries.into_iter().map(|(_, entry)| entry.into()).collect();
    Ok(Response::page(request, views, last.filter(|_| more))?)
}

#[cfg(feature = "openapi")]
mod document {
    use super::EntryView as WalletEntry;
    use crate::openapi::operation::{Document, invalid_page, operation};
    use crate::openapi::{answers, parameters, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let entries = schema::page(schema::of::<WalletEntry>());
        operation(
            "wallet",
            "List the wallet's book",
            "Newest first. The sum of all entries is the balance, at every moment.",
        )
        .parameters(parameters::page())
        .response("200", answers::json(None, "A page of entries.", entries))
        .schema::<WalletEntry>(schema::always_there)
        .refused(vec![invalid_page()])
    }
}
