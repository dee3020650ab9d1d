//! Check of a deployment: its table, its indexes and overdue items. Overdue items show that the schedule does not run.

use domain::time::{Span, Timestamp};
use serde_json::{Value, json};
use store::keys::{DUE_INDEX, DUE_SHARDS, LIST_INDEX};

use crate::connect::Deployment;
use crate::error::Error;
use crate::output::{Rows, row};

/// Limit for overdue items. An item that is overdue for longer was missed by three runs of the schedule.
const LONGEST_OVERDUE: Span = Span::minutes(3);

pub(crate) async fn run(deployment: &Deployment) -> Result<Rows, Error> {
    let mut checks = table(deployment).await?;
    checks.push(overdue(deployment).await?);
    let is_well = checks.iter().all(|(_, is_well, _)| *is_well);
    let shown = |(what, is_well, found): (&str, bool, Value)| {
        row([("check", json!(what)), ("result", json!(if is_well { "ok" } else { "BAD" })), ("found", found)])
    };
    Ok(Rows::Checked(checks.into_iter().map(shown).collect(), is_well))
}

type Check = (&'static str, bool, Value);

async fn table(deployment: &Deployment) -> Result<Vec<Check>, Error> {
    let answer = deployment.dynamodb.describe_table().table_name(&deployment.table_name).send().await;
    let table = answer.map_err(|error| Error::aws("DescribeTable", error))?.table;
    let status = table.as_ref().and_then(|table| table.table_status()).map_or("unknown", |status| status.as_str());
    let mut checks = vec![("table", status == "ACTIVE", json!(status))];
    for (what, index) in [("index list", LIST_INDEX), ("index due", DUE_INDEX)] {
        let mut indexes = table.iter().flat_map(|table| table.global_secondary_indexes());
        let found = indexes.find(|found| found.index_name() == Some(index));
        let status = found.map(|found| found.index_status().map_or("ACTIVE", |status| status.as_str()));
        checks.push((what, status == Some("ACTIVE"), json!(status.unwrap_or("missing"))));
    }
    Ok(checks)
}

/// Returns the check of the item that has been overdue for the longest time.
async fn overdue(deployment: &Deployment) -> Result<Check, Error> {
    let now = deployment.table.now();
    let mut oldest: Option<Timestamp> = None;
    for shard in 0..DUE_SHARDS {
        let page = deployment.table.due(shard, now, None).await?;
        oldest = page.items.iter().map(|due| due.due_at).chain(oldest).min();
    }
    let waited = oldest.map_or(Span::ZERO, |oldest| now.since(oldest));
    let found = format!("{} s", waited.as_seconds_rounded_up());
    Ok(("oldest overdue", waited <= LONGEST_OVERDUE, json!(found)))
}
