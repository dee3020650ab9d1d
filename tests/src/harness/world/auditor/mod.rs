//! Checks every promise of `docs/architecture.md` after a run. The evidence is what the table, the simulator and the
//! endpoints saw. A finding begins with the number of the broken promise.

mod calls;
mod deliveries;
mod events;
mod forgetting;
mod leftovers;
mod places;
mod texts;
mod wallets;

use std::collections::BTreeMap;

use domain::call::Call;
use domain::delivery::Delivery;
use domain::ids::ConversationId;
use domain::log::LogEntry;
use domain::time::{Span, Timestamp};
use domain::wallet::WalletEntry;
use serde_json::Value;

use super::history::data;
use super::{Placed, TABLE, World};

/// Severity of the faults in a run. It determines which effects of them may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weather {
    /// Faults that the retries of one request repair. Everything must go as if nothing had happened.
    Calm,
    /// Death of the program. Work in its hands may be lost, and a call may end as unconfirmed.
    Rough,
    /// Absence of services for longer than any retry lasts.
    Wild,
}

/// Extra delay of a second crash. The reconciler leaves an action alone for a minute after it has requeued it twice,
/// and its next run may be another minute later.
const TWICE_LATE: Span = Span::minutes(2);

/// Strictness of the audit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    pub(crate) weather: Weather,
    /// Extra delay that is allowed because a service was absent.
    pub(crate) slack: Span,
}

impl Measure {
    /// Judges by the promised times.
    pub(crate) fn of(weather: Weather) -> Self {
        Self { weather, slack: Span::ZERO }
    }

    /// Judges by the promised times of a run in which two things went wrong.
    pub(crate) fn of_two(weather: Weather) -> Self {
        let slack = if weather == Weather::Calm { Span::ZERO } else { TWICE_LATE };
        Self { weather, slack }
    }

    /// Judges a run in which services were absent for this long.
    pub(crate) fn wild(slack: Span) -> Self {
        Self { weather: Weather::Wild, slack }
    }
}

/// State of one audit.
struct Audit<'a> {
    world: &'a World,
    measure: Measure,
    conversations: BTreeMap<ConversationId, Conversation>,
    placed: Vec<Placed>,
    entries: Vec<WalletEntry>,
    findings: Vec<String>,
}

/// Final state of a call, gathered from the whole table.
struct Conversation {
    call: Call,
    versions: Vec<(Timestamp, Call)>,
    /// Log entries, each with its commit time.
    log: Vec<(Timestamp, LogEntry)>,
    deliveries: Vec<Delivery>,
}

/// Checks a run and returns its findings. The list is empty if all promises were kept.
pub(crate) fn audit(world: &World, measure: Measure) -> Vec<String> {
    let mut audit = Audit {
        world,
        measure,
        conversations: BTreeMap::new(),
        placed: world.carried.borrow()(),
        entries: Vec::new(),
        findings: world.clients.borrow().findings.clone(),
    };
    audit.reads();
    audit.judges_acceptance();
    for (id, conversation) in &std::mem::take(&mut audit.conversations) {
        audit.judges_course(*id, conversation);
        audit.judges_bounds(*id, conversation);
        audit.judges_dials(*id, conversation);
        audit.judges_events(*id, conversation);
        audit.judges_deliveries(*id, &conversation.log, &conversation.deliveries);
        audit.judges_hold(*id, conversation);
        audit.judges_forgetting(&conversation.versions);
    }
    audit.judges_holders();
    audit.judges_expectations();
    audit.judges_texts();
    audit.judges_receipts();
    audit.judges_wallets();
    audit.judges_places();
    audit.judges_leftovers();
    audit.judges_logs();
    audit.findings
}

impl Audit<'_> {
    fn finds(&mut self, promise: u8, id: ConversationId, text: impl std::fmt::Display) {
        self.findings.push(format!("promise {promise}: {id}: {text}"));
    }

    fn reads(&mut self) {
        let record = self.world.history.record();
        for (id, versions) in &record.calls {
            let Some((_, call)) = versions.last() else { continue };
            let conversation = Conversation {
                call: call.clone(),
                versions: versions.clone(),
                log: Vec::new(),
                deliveries: Vec::new(),
            };
            self.conversations.insert(*id, conversation);
        }
        for item in self.world.aws.database.dump(TABLE) {
            let (pk, sk) = (item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap());
            let id = pk.split_once('#').and_then(|(_, id)| ConversationId::parse(id));
            let conversation = id.and_then(|id| self.conversations.get_mut(&id));
            match (sk.split('#').next().unwrap(), conversation) {
                ("log", Some(conversation)) => {
                    let at = record.log_entries[&(pk.to_owned(), sk.to_owned())];
                    conversation.log.push((at, data(&item)));
                }
                ("delivery", Some(conversation)) => conversation.deliveries.push(data(&item)),
                ("call", None) if pk.starts_with("phone#") => {
                    let hung_up_at = item["hungUpAt"]["N"].as_str().map(|digits| digits.parse().unwrap());
                    self.placed.push(calls::placed(data(&item), hung_up_at.map(Timestamp::from_milliseconds)));
                }
                ("entry", None) if pk.starts_with("wallet#") => self.entries.push(data(&item)),
                _ => {}
            }
        }
        for conversation in self.conversations.values_mut() {
            conversation.log.sort_by_key(|(_, entry)| entry.number);
        }
    }
}

/// Returns a string field of a JSON body, or an empty string if it is missing.
fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}
