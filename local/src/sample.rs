//! Small template with one resource of each kind, for tests.

/// Template with routes, a queue with its dead-letter queue, a table and a schedule.
pub(crate) const TEMPLATE: &str = include_str!("sample.yaml");
