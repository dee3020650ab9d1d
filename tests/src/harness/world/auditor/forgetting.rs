//! Retention: data is forgotten when the retention is over, not before, not much later, and for good.

use domain::conversation::Conversation;
use domain::time::{Span, Timestamp};

use super::Audit;

/// Longest delay of forgetting. If a message is lost, one of the next runs of the schedule sends it again.
const LATE: Span = Span::minutes(5);

impl Audit<'_> {
    pub(super) fn judges_forgetting<C: Conversation>(&mut self, versions: &[(Timestamp, C)]) {
        let Some((_, now)) = versions.last() else { return };
        let forgotten = versions.iter().find(|(_, version)| version.is_forgotten()).map(|(at, _)| *at);
        let due = now.retention().zip(now.ended_at()).map(|(retention, ended_at)| retention.end(ended_at));
        let in_time = match (forgotten, due) {
            (None, None) => true,
            (Some(at), Some(due)) => at >= due && at <= due + LATE + self.measure.slack,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !in_time {
            let id = now.id();
            self.findings.push(format!("retention: {id}: to be forgotten at {due:?}, forgotten at {forgotten:?}"));
        }
    }
}
