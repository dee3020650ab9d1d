//! Tests of the built command, as an operator runs it.

#[cfg(test)]
mod agents;
#[cfg(test)]
mod aws;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod shell;
