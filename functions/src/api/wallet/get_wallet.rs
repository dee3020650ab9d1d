//! `GET /v1/wallet`: returns the organization's balance.

use domain::ids::{Mode, Scope};
use domain::key::Permission;
use futures::FutureExt;
use lambda_http::http::StatusCode;
use serde::Serialize;
use store::Wallet;
use store::keys::{self, Key};

use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::route::{Authorized, Function, Route, Trigger};

/// The function and its route.
pub(crate) const FUNCTION: Function = Function {
    name: "get-wallet",
    trigger: Trigger::Http(Route::with_key(
        "GET",
        "/v1/wallet",
        Permission::CanReadWallet,
        keys_to_load,
        |authorized| handle(authorized).boxed(),
    )),
    #[cfg(feature = "openapi")]
    document: Some(document::describe),
};

/// Prepaid balance of an organization. Amounts are whole minor units of the currency, such as cents.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Wallet))]
#[serde(rename_all = "camelCase")]
pub(crate) struct WalletView {
    /// Mode of the calls that the wallet pays for.
    mode: Mode,
    /// `true` if calls are charged. If `false`, all fields below are null.
    metered: bool,
    /// Currency code by ISO 4217, such as `USD`.
    currency: Option<String>,
    /// Spendable balance.
    balance: Option<i64>,
    /// Total of the authorization holds for calls that are not settled yet. It is not part of the balance.
    held: Option<i64>,
    /// Price of each started minute. A call is accepted only if the balance covers its longest possible duration.
    rate_per_minute: Option<u32>,
}

/// Returns the key of the wallet.
fn keys_to_load(_: &Request, scope: &Scope) -> Vec<Key> {
    vec![keys::wallet(scope)]
}

/// Returns the wallet.
async fn handle(authorized: Authorized<'_>) -> Result<Response, ApiError> {
    let Authorized { caller, request, items, .. } = authorized;
    let wallet = Wallet::from_items(&caller.scope, &items)?;
    let view = WalletView {
        mode: caller.scope.mode,
        metered: wallet.is_some(),
        balance: wallet.as_ref().map(|wallet| wallet.balance_minor),
        held: wallet.as_ref().map(|wallet| wallet.held_minor),
        rate_per_minute: wallet.as_ref().map(|wallet| wallet.rate.per_minute_minor),
        currency: wallet.map(|wallet| wallet.rate.currency),
    };
    Ok(Response::data(StatusCode::OK, request, view)?)
}

#[cfg(feature = "openapi")]
mod document {
    use super::WalletView;
    use crate::openapi::operation::{Document, invalid_query, operation};
    use crate::openapi::{answers, schema};

    /// Describes the operation.
    pub(super) fn describe() -> Document {
        let description = "An organization that is not metered has `metered: false`, and is never charged. For a metered one \
                       the price of the longest course of a call is held when it is accepted. Once nothing of the call can \
                       be live any more, the hold is released and the call charged by the minute begun; one that never \
                       connected is not charged.";
        let wallet = schema::envelope(schema::of::<WalletView>());
        operation("wallet", "Get the wallet", description)
            .response("200", answers::json(None, "The wallet of the key's mode.", wallet))
            .schema::<WalletView>(schema::always_there)
            .refused(vec![invalid_query()])
    }
}
