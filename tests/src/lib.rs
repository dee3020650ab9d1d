//! Tests of the whole project: end to end, in simulation, by a model checker, and of the repository's tidiness. They
//! form one package and one binary.

#[cfg(test)]
mod e2e;
#[cfg(test)]
pub mod harness;
#[cfg(test)]
mod model;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tidy;
