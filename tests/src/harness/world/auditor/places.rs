//! Concurrency slots: no more calls are open at once than the limit allows, and every slot is released.

use super::Audit;

impl Audit<'_> {
    pub(super) fn judges_places(&mut self) {
        let record = self.world.history.record();
        let limit = record.organizations.iter().filter_map(|(_, version)| version.bounds.concurrent_calls).max();
        let most = i64::from(limit.unwrap_or(0));
        let taken = record.places.clone();
        drop(record);
        if let Some(beyond) = taken.iter().find(|taken| !(0..=most).contains(*taken)) {
            self.findings.push(format!("places: {beyond} of {most} were taken at once"));
        }
        if taken.last().is_some_and(|left| *left != 0) {
            self.findings.push(format!("places: {taken:?} were taken, and not all of them given back"));
        }
    }
}
