//! Do-not-call list of a scope. Each suppressed number has an entry, under the digest of the number.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::ids::Scope;
use domain::phone::PhoneNumber;
use domain::phone_input::{canonical, forms};
use domain::suppression::Suppression;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::backoff::Backoff;
use crate::error::StoreError;
use crate::item::{self, DATA, from_item, get_text};
use crate::keys;
use crate::table::Table;
use crate::write::{CONFLICT_PATIENCE_MS, MUST_BE_NEW, Written};

/// Number of entries of an import that are written concurrently.
const IMPORT_CONCURRENCY: usize = 16;

impl Table {
    /// Puts a number on a scope's do-not-call list, as it came and in its canonical form. Returns `None` if the number was
    /// not on it as it came. Otherwise returns the entry of that form that is stored now. The earlier entry stays, because
    /// the first source counts, unless the new entry outranks it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suppress_once(
        &self,
        scope: &Scope,
        number: &PhoneNumber,
        entry: &Suppression,
    ) -> Result<Option<Suppression>, StoreError> {
        let known = self.suppress_form(scope, number, entry).await?;
        if let Some(canonical) = canonical(number) {
            let entry = Suppression { phone_number: Some(canonical.clone()), ..entry.clone() };
            self.suppress_form(scope, &canonical, &entry).await?;
        }
        Ok(known)
    }

    async fn suppress_form(
        &self,
        scope: &Scope,
        number: &PhoneNumber,
        entry: &Suppression,
    ) -> Result<Option<Suppression>, StoreError> {
        let key = keys::suppression(scope, number);
        let mut backoff = Backoff::new(self.clock(), CONFLICT_PATIENCE_MS);
        loop {
            let put = self.put_of(item::item(&key, entry)?, Some(MUST_BE_NEW))?;
            let Written::Refused { item: old, .. } = self.put(put).await? else { return Ok(None) };
            let known: Suppression = from_item("do-not-call entry", &old)?;
            if !entry.outranks(&known) {
                return Ok(Some(known));
            }
            let stronger = entry.clone().over(&known);
            let seen = get_text(&old, DATA).unwrap_or_default();
            if matches!(self.put(self.put_of_unchanged(item::item(&key, &stronger)?, seen)?).await?, Written::Done) {
                return Ok(Some(stronger));
            }
            // The entry was changed or removed in between.
            if !backoff.wait().await {
                return Err(StoreError::Conflict);
            }
        }
    }

    /// Puts many entries on the list, each in the canonical form of its number too, and returns the number of new ones. An
    /// entry that is made for the canonical form alone is not counted. Calls `done` after each entry. An import may be
    /// repeated safely.
    ///
    /// # Errors
    /// [`StoreError`]. Some of the numbers may be on the list already.
    pub async fn import_suppressions(
        &self,
        scope: &Scope,
        entries: Vec<(PhoneNumber, Suppression)>,
        done: impl Fn(),
    ) -> Result<usize, StoreError> {
        let given: BTreeSet<&PhoneNumber> = entries.iter().map(|(number, _)| number).collect();
        let others: Vec<(PhoneNumber, Suppression)> = entries
            .iter()
            .filter_map(|(number, entry)| {
                let canonical = canonical(number).filter(|canonical| !given.contains(canonical))?;
                Some((canonical.clone(), Suppression { phone_number: Some(canonical), ..entry.clone() }))
            })
            .collect();
        let put = |(number, entry): (PhoneNumber, Suppression)| async move {
            self.suppress_form(scope, &number, &entry).await.map(|known| usize::from(known.is_none()))
        };
        let sum = |sum, new| async move { Ok(sum + new) };
        let puts = stream::iter(others).map(put).buffer_unordered(IMPORT_CONCURRENCY);
        puts.try_fold(0, sum).await?;
        let puts = stream::iter(entries).map(put).buffer_unordered(IMPORT_CONCURRENCY).inspect(|_| done());
        puts.try_fold(0, sum).await
    }

    /// Removes a number from a scope's list, as it came and in its canonical form. Returns `false` if it is not on it in either.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unsuppress(&self, scope: &Scope, number: &PhoneNumber) -> Result<bool, StoreError> {
        let mut is_found = false;
        for form in forms(number) {
            is_found |= self.unsuppress_form(scope, &form).await?;
        }
        Ok(is_found)
    }

    async fn unsuppress_form(&self, scope: &Scope, number: &PhoneNumber) -> Result<bool, StoreError> {
        let key = keys::suppression(scope, number);
        let key = &key;
        let send = || async move {
            let answer = self
                .dynamodb()
                .delete_item()
                .table_name(self.name())
                .set_key(Some(item::key_attributes(key)))
                .return_values(ReturnValue::AllOld)
                .send()
                .await;
            match answer {
                Ok(deleted) => Ok(Some(deleted.attributes.is_some_and(|old| !old.is_empty()))),
                Err(error)
                    if error.as_service_error().is_some_and(DeleteItemError::is_transaction_conflict_exception) =>
                {
                    Ok(None)
                }
                Err(error) => Err(StoreError::aws("DeleteItem", error)),
            }
        };
        self.retry_conflicts(send).await
    }

    /// Returns a page of a scope's entries with their digests, behind the entry with the digest `after`. Also reports
    /// if there are more. The order is that of the digests and has no meaning.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suppressions(
        &self,
        scope: &Scope,
        after: Option<&str>,
        limit: u8,
    ) -> Result<(Vec<(String, Suppression)>, bool), StoreError> {
        let start = after.map(|digest| item::key_attributes(&keys::suppression_by_digest(scope, digest)));
        let pk = keys::suppression_by_digest(scope, "").pk;
        let (found, next) = self
            .listed((pk, ""), start, limit, |found| {
                let digest = get_text(found, keys::SK).unwrap_or_default().to_owned();
                Ok((digest, from_item("do-not-call entry", found)?))
            })
            .await?;
        Ok((found, next.is_some()))
    }
}
