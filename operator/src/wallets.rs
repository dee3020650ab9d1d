//! Commands about wallets: prices and payments.

use domain::ids::Scope;
use domain::wallet::Rate;
use serde_json::json;
use store::keys;

use crate::cli::{self, Ask, InMode};
use crate::connect::{Deployment, scope};
use crate::error::Error;
use crate::output::{Rows, row};

/// Largest length of a reference, in bytes. It is part of a key in the table.
const LONGEST_REFERENCE: usize = 128;

pub(crate) async fn run(deployment: &Deployment, command: cli::Wallet, ask: Ask) -> Result<Rows, Error> {
    match command {
        cli::Wallet::Meter { scope, per_minute, currency } => meter(deployment, scope, per_minute, currency).await,
        cli::Wallet::Credit { scope, amount, reference } => credit(deployment, scope, amount, &reference, ask).await,
        cli::Wallet::Show { scope: InMode { org, mode } } => {
            show(deployment, &scope(deployment.organization(&org).await?, mode), None).await
        }
    }
}

async fn meter(deployment: &Deployment, named: InMode, per_minute: u32, currency: String) -> Result<Rows, Error> {
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::refused(format!("{currency} is no currency: say it by ISO 4217, as in USD")));
    }
    let scope = scope(deployment.organization(&named.org).await?, named.mode);
    if let Some(known) = wallet(deployment, &scope).await?.filter(|known| known.rate.currency != currency) {
        return Err(Error::refused(format!("the wallet is in {}, and what is in it stays that", known.rate.currency)));
    }
    deployment.table.meter(&scope, &Rate { per_minute_minor: per_minute, currency }).await?;
    show(deployment, &scope, None).await
}

async fn credit(deployment: &Deployment, named: InMode, amount: u32, reference: &str, ask: Ask) -> Result<Rows, Error> {
    if reference.is_empty() || reference.len() > LONGEST_REFERENCE {
        return Err(Error::refused(format!("a reference is 1 to {LONGEST_REFERENCE} bytes long")));
    }
    let scope = scope(deployment.organization(&named.org).await?, named.mode);
    let Some(known) = wallet(deployment, &scope).await? else {
        return Err(Error::refused(format!("{} is not metered there: see `ringdown wallet meter`", named.org)));
    };
    let mode = scope.mode.as_str();
    let currency = &known.rate.currency;
    ask.confirm(&format!("{}'s {mode} wallet is paid {amount} minor units of {currency}, for good", named.org))?;
    let is_new = deployment.table.credit(&scope, i64::from(amount), reference).await?;
    show(deployment, &scope, Some(if is_new { "paid" } else { "paid before" })).await
}

async fn wallet(deployment: &Deployment, scope: &Scope) -> Result<Option<store::Wallet>, Error> {
    let items = deployment.table.read([keys::wallet(scope)]).await?;
    Ok(store::Wallet::from_items(scope, &items)?)
}

async fn show(deployment: &Deployment, scope: &Scope, outcome: Option<&str>) -> Result<Rows, Error> {
    let Some(known) = wallet(deployment, scope).await? else {
        return Err(Error::refused(format!("{} is not metered there", scope.organization)));
    };
    let mut shown = row([
        ("organization", json!(scope.organization)),
        ("mode", json!(scope.mode)),
        ("currency", json!(known.rate.currency)),
        ("balanceMinor", json!(known.balance_minor)),
        ("heldMinor", json!(known.held_minor)),
        ("perMinuteMinor", json!(known.rate.per_minute_minor)),
    ]);
    if let Some(outcome) = outcome {
        shown["outcome"] = json!(outcome);
    }
    Ok(Rows::Table(vec![shown]))
}
