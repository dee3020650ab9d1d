//! Wallets: credits, holds, releases and charges add up, and no hold is released while its attempt is open.

use domain::call::Dispatch;
use domain::ids::ConversationId;
use domain::wallet::EntryKind;

use super::{Audit, Conversation};

impl Audit<'_> {
    /// Checks that the sum of the entries is the balance, and that neither balance nor holds were ever negative.
    pub(super) fn judges_wallets(&mut self) {
        let balances = self.world.history.record().balances.clone();
        if let Some(below) = balances.iter().find(|(balance, held)| *balance < 0 || *held < 0) {
            self.findings.push(format!("wallet: it once stood at {below:?}"));
        }
        let sum: i64 = self.entries.iter().map(|entry| entry.amount_minor).sum();
        let (balance, held) = balances.last().copied().unwrap_or_default();
        if sum != balance {
            self.findings.push(format!("wallet: its entries sum up to {sum}, and its balance is {balance}"));
        }
        if held != 0 {
            self.findings.push(format!("wallet: {held} is still held"));
        }
    }

    /// Checks that a call has one hold, one release, and a charge by its duration.
    pub(super) fn judges_hold(&mut self, id: ConversationId, conversation: &Conversation) {
        let of_call = |kind: EntryKind| -> Vec<i64> {
            let reference = id.to_string();
            let entries = self.entries.iter().filter(|entry| entry.reference == reference && entry.kind == kind);
            entries.map(|entry| entry.amount_minor).collect()
        };
        let (held, released, charged) =
            (of_call(EntryKind::Hold), of_call(EntryKind::Release), of_call(EntryKind::Charge));
        let Some(hold) = &conversation.call.hold else {
            if !(held.is_empty() && released.is_empty() && charged.is_empty()) {
                self.findings.push(format!("wallet: {id} is not metered, and has entries"));
            }
            return;
        };
        if held != [-hold.amount_minor] || released != [hold.amount_minor] || charged.len() > 1 {
            self.findings.push(format!("wallet: {id} held {held:?}, released {released:?}, charged {charged:?}"));
        }
        if charged.iter().any(|amount| *amount >= 0 || -amount > hold.amount_minor) {
            self.findings.push(format!("wallet: {id} was charged {charged:?}, and {} was held", hold.amount_minor));
        }
        let Some((at, settled)) =
            conversation.versions.iter().find(|(_, call)| call.hold.as_ref().is_some_and(|hold| hold.settled))
        else {
            return;
        };
        if settled.dispatch != Dispatch::Settled || !settled.strays.is_empty() {
            self.findings.push(format!("wallet: {id} was settled at {at}, while it was {:?}", settled.dispatch));
        }
        let seconds = if settled.started_at.is_some() { settled.duration_seconds() } else { 0 };
        let price = hold.settlement(seconds).charged_minor;
        if charged.iter().map(|amount| -amount).sum::<i64>() != price {
            self.findings.push(format!("wallet: {id} lasted {seconds} s and was charged {charged:?}"));
        }
    }
}
