//! Erasure of a phone number's personal data within an organization.

use domain::audit::Action;
use domain::ids::{Mode, Scope};
use domain::phone::PhoneNumber;
use domain::suppression::suppression_digest;
use serde_json::json;

use crate::cli::Ask;
use crate::connect::Deployment;
use crate::error::{Error, did};
use crate::output::{Rows, row};
use crate::progress;

/// Erases the data of a number. Nothing is erased while a conversation with the number is open, because its later data
/// would stay.
pub(crate) async fn run(deployment: &Deployment, number: &str, org: &str, ask: Ask) -> Result<Rows, Error> {
    let organization = deployment.organization(org).await?;
    let number = PhoneNumber::parse(number).map_err(|error| Error::refused(format!("{number} {error}")))?;
    let table = &deployment.table;
    let bar = progress::bar(0, "items looked at");
    let traces = table.traces_of(&organization, &number, |items| bar.inc(items)).await?;
    bar.finish_and_clear();
    if !traces.open.is_empty() {
        let open: Vec<String> = traces.open.iter().map(ToString::to_string).collect();
        let what = "conversations with it are not over; close them and try again in a few minutes";
        return Err(Error::refused(format!("{what}: {}", open.join(", "))));
    }
    let pieces = traces.pieces();
    ask.confirm(&format!("{pieces} items of {org} are erased or stripped of the number, for good"))?;
    let bar = progress::bar(pieces, "erased");
    let scope = Scope { organization: organization.clone(), mode: Mode::Live };
    // The audit log contains no number. An operator who knows the number finds the entry by its digest.
    let audit = did(Action::NumberErased, suppression_digest(&scope, &number), &[], table.now());
    let erased = table.erase(&organization, &traces, &audit, || bar.inc(1)).await?;
    bar.finish_and_clear();
    Ok(Rows::Table(vec![row([
        ("conversations", json!(erased.conversations)),
        ("contacts", json!(erased.contacts)),
        ("doNotCall", json!(erased.listed)),
        ("itemsDeleted", json!(erased.items)),
    ])]))
}
