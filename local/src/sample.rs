//! A small template that has one of everything, for tests.

/// Routes, a queue with its dead-letter queue, a table, a schedule.
pub(crate) const TEMPLATE: &str = include_str!("sample.yaml");
