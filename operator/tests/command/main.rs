//! The built command, as an operator runs it.

#[cfg(test)]
mod shell;
