//! Wallets. Amounts change only by increments and decrements, in a transaction with the entry that gives the reason. So
//! the sum of the entries equals the balance, even with concurrent or repeated writes.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::ids::Scope;
use domain::planted::{Bug, is_planted};
use domain::time::Timestamp;
use domain::wallet::{ACCEPTED_PER_SECOND, EntryKind, Hold, Rate, Settlement, WalletEntry};

use crate::error::StoreError;
use crate::item::{self, Item, from_item, get_number, key_of, number, text};
use crate::keys;
use crate::read::Items;
use crate::table::Table;
use crate::unreadable::noted;
use crate::write::{MUST_BE_NEW, Written, transact_put, transact_update};

/// Attribute with the spendable balance, in minor units.
const BALANCE: &str = "balance";
/// Attribute with the total of the authorization holds, which is not part of the balance.
const HELD: &str = "held";
/// Attribute with the second in which a call was accepted last, since the Unix epoch.
const SECOND: &str = "second";
/// Attribute with the number of calls that were accepted in that second.
const ACCEPTED: &str = "accepted";

/// Wallet. An organization is metered in a mode if it has a wallet there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Price of a minute.
    pub rate: Rate,
    /// Spendable balance, in minor units.
    pub balance_minor: i64,
    /// Total of the authorization holds, which is not part of the balance, in minor units.
    pub held_minor: i64,
    second: i64,
    accepted: u32,
}

/// Reason for which a wallet does not cover a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// The balance is too low.
    Funds,
    /// The largest allowed number of calls was already accepted in this second.
    Pace,
}

impl Wallet {
    pub(crate) fn from_item(item: &Item) -> Result<Self, StoreError> {
        let amount = |name| get_number(item, name).unwrap_or(0);
        Ok(Self {
            rate: from_item("wallet", item)?,
            balance_minor: amount(BALANCE),
            held_minor: amount(HELD),
            second: amount(SECOND),
            accepted: get_number(item, ACCEPTED).unwrap_or(0),
        })
    }

    /// Returns a scope's wallet from the items that were read. Returns `None` if the organization is not metered.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the wallet cannot be decoded.
    pub fn from_items(scope: &Scope, items: &Items) -> Result<Option<Self>, StoreError> {
        items.get(&keys::wallet(scope)).map(Self::from_item).transpose()
    }

    /// Returns the reason for which the wallet does not cover one more call now, or `None` if it covers it.
    pub fn shortage(&self, hold: &Hold, now: Timestamp) -> Option<Shortage> {
        if self.balance_minor < hold.amount_minor {
            return Some(Shortage::Funds);
        }
        (self.second >= second_of(now) && self.accepted >= ACCEPTED_PER_SECOND).then_some(Shortage::Pace)
    }
}

fn second_of(now: Timestamp) -> i64 {
    now.as_milliseconds().div_euclid(1_000)
}

impl Table {
    /// Makes a scope's organization metered at this rate, or changes its rate. Accepted calls keep their rate.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn meter(&self, scope: &Scope, rate: &Rate) -> Result<(), StoreError> {
        let data = item::to_json(rate)?;
        let update = self
            .wallet_update(scope, "SET #data = :data ADD #balance :none, #held :none")
            .expression_attribute_names("#data", item::DATA)
            .expression_attribute_names("#balance", BALANCE)
            .expression_attribute_names("#held", HELD)
            .expression_attribute_values(":data", text(data))
            .expression_attribute_values(":none", number(0));
        self.update(built(update)?).await.map(drop)
    }

    /// Pays into a wallet, once per reference. Returns `false` if a payment with this reference was made before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn credit(&self, scope: &Scope, amount_minor: i64, reference: &str) -> Result<bool, StoreError> {
        let now = self.now();
        let entry = WalletEntry { kind: EntryKind::Credit, amount_minor, reference: reference.to_owned(), at: now };
        // The key contains no time. So a repeated payment is recognized at any later time.
        let once_key = keys::wallet_credit(scope, reference);
        let once = item::item(&once_key, &entry)?;
        let update = self
            .wallet_update(scope, "ADD #balance :amount")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#balance", BALANCE)
            .expression_attribute_values(":amount", number(amount_minor));
        let writes = vec![
            transact_put(self.put_of(once, Some(MUST_BE_NEW))?),
            transact_update(built(update)?),
            self.entry_put(scope, &entry)?,
        ];
        match self.transact(writes).await? {
            Written::Done => Ok(true),
            Written::Refused { item, .. } if key_of(&item).as_ref() == Some(&once_key) => Ok(false),
            Written::Refused { .. } => Err(StoreError::corrupt("wallet", "the organization is not metered")),
        }
    }

    /// Builds the writes that take a hold out of the balance. They require that the balance covers the hold and that
    /// the second has room for one more call. So the caller needs no fresh state of the wallet.
    pub(crate) fn hold_writes(
        &self,
        scope: &Scope,
        hold: &Hold,
        reference: &str,
        wallet: Option<&Wallet>,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let second = second_of(now);
        let is_same_second = wallet.is_some_and(|wallet| wallet.second >= second);
        let (count, room) = if is_same_second {
            (" , #accepted = #accepted + :one", "#second >= :second AND #accepted < :most")
        } else {
            (" , #accepted = :one, #second = :second", "(attribute_not_exists(#second) OR #second < :second)")
        };
        let taken = "SET #balance = #balance - :amount, #held = #held + :amount";
        let mut update = self
            .wallet_update(scope, &format!("{taken}{count}"))
            .condition_expression(format!("#balance >= :amount AND {room}"))
            .expression_attribute_names("#balance", BALANCE)
            .expression_attribute_names("#held", HELD)
            .expression_attribute_names("#accepted", ACCEPTED)
            .expression_attribute_names("#second", SECOND)
            .expression_attribute_values(":amount", number(hold.amount_minor))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":second", number(second));
        if is_same_second {
            update = update.expression_attribute_values(":most", number(ACCEPTED_PER_SECOND));
        }
        let entry = WalletEntry {
            kind: EntryKind::Hold,
            amount_minor: -hold.amount_minor,
            reference: reference.to_owned(),
            at: now,
        };
        Ok(vec![transact_update(built(update)?), self.entry_put(scope, &entry)?])
    }

    /// Builds the writes that release a hold and charge the call. They need no condition, because the call's version
    /// check protects them.
    pub(crate) fn settlement_writes(
        &self,
        scope: &Scope,
        reference: &str,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let update = self
            .wallet_update(scope, "ADD #balance :back, #held :released")
            .expression_attribute_names("#balance", BALANCE)
            .expression_attribute_names("#held", HELD)
            .expression_attribute_values(":back", number(settlement.released_minor - settlement.charged_minor))
            .expression_attribute_values(":released", number(-settlement.released_minor));
        let mut writes = vec![transact_update(built(update)?)];
        let amounts = [(EntryKind::Release, settlement.released_minor), (EntryKind::Charge, -settlement.charged_minor)];
        for (kind, amount_minor) in amounts {
            let is_said = kind == EntryKind::Release || amount_minor != 0;
            if is_said && !(kind == EntryKind::Charge && is_planted(Bug::ForgetEntry)) {
                let entry = WalletEntry { kind, amount_minor, reference: reference.to_owned(), at: now };
                writes.push(self.entry_put(scope, &entry)?);
            }
        }
        Ok(writes)
    }

    /// Returns a page of a wallet's ledger, newest first, behind the sort key `start`: the entries with their sort
    /// keys. Also reports if there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn wallet_entries(
        &self,
        scope: &Scope,
        start: Option<&str>,
        limit: u8,
    ) -> Result<(Vec<(String, WalletEntry)>, bool), StoreError> {
        let pk = keys::wallet(scope).pk;
        let start = start.map(|sk| item::key_attributes(&keys::Key { pk: pk.clone(), sk: sk.to_owned() }));
        let read = |found: &Item| {
            let place = item::get_text(found, keys::SK).unwrap_or_default().to_owned();
            Ok((place, from_item("wallet entry", found)?))
        };
        let mut start = start;
        loop {
            let page = self.partition_backwards(pk.clone(), keys::WALLET_ENTRY_PREFIX, start, limit);
            let (found, next) = page.await?;
            let entries: Vec<_> = found.iter().filter_map(|found| noted(read(found), found)).collect();
            // Readable entries may precede a page of unreadable ones.
            if !entries.is_empty() || next.is_none() {
                return Ok((entries, next.is_some()));
            }
            start = next;
        }
    }

    fn entry_put(&self, scope: &Scope, entry: &WalletEntry) -> Result<TransactWriteItem, StoreError> {
        let key = keys::wallet_entry(scope, entry.at, &entry.reference, entry.kind);
        Ok(transact_put(self.put_of(item::item(&key, entry)?, None)?))
    }

    fn wallet_update(&self, scope: &Scope, expression: &str) -> UpdateBuilder {
        Update::builder()
            .table_name(self.name())
            .set_key(Some(item::key_attributes(&keys::wallet(scope))))
            .update_expression(expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

fn built(update: UpdateBuilder) -> Result<Update, StoreError> {
    update.build().map_err(|error| StoreError::aws("UpdateItem", error))
}
