//! Leftovers: no message and no due action is left, and the log contains nothing secret.

use store::QueueName;

use super::{Audit, Weather};

/// Fragments of what the simulated people say.
const SPOKEN: [&str; 2] = ["Good to know", "simulated call"];

impl Audit<'_> {
    pub(super) fn judges_leftovers(&mut self) {
        for queue in QueueName::ALL {
            let left = self.world.aws.queues.messages(queue.as_str());
            let dead = self.world.aws.queues.dead_letters(queue.as_str());
            if !left.is_empty() {
                self.findings.push(format!("left over: {} messages on {}", left.len(), queue.as_str()));
            }
            // In a storm, a message that is redelivered again and again becomes a dead letter. Its work was done, or
            // the index gets it done. The checks of every call and delivery show that nothing was lost with it.
            let dead = if self.measure.weather == Weather::Wild { Vec::new() } else { dead };
            for letter in dead {
                self.findings.push(format!("left over: a dead letter of {}: {}", queue.as_str(), letter.body));
            }
        }
        let due = self.world.history.record().due.clone();
        if !due.is_empty() {
            self.findings.push(format!("left over: still due: {due:?}"));
        }
    }

    pub(super) fn judges_logs(&mut self) {
        let log = self.world.logs.text();
        let clients = self.world.clients.borrow();
        let key = self.world.key.reveal().to_owned();
        let numbers = clients.accepted.values().map(|(_, to)| to.trim_start_matches('+').to_owned());
        let forbidden = clients.secrets.iter().cloned().chain([key]).chain(numbers);
        for secret in forbidden.chain(SPOKEN.map(str::to_owned)) {
            if let Some(line) = log.lines().find(|line| line.contains(&secret)) {
                self.findings.push(format!("promise 7: {secret} stands in the log: {line}"));
            }
        }
    }
}
