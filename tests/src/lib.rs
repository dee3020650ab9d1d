//! The tests of the whole: end to end, in simulation, and of the repository's own tidiness. One package, one binary.

#[cfg(test)]
pub mod sim;
#[cfg(test)]
mod tidy;
