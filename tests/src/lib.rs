//! Tests of the whole project: end to end, in simulation, by a model checker, and of the repository's tidiness. They
//! form one package and one binary.

#[cfg(test)]
mod e2e;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod live;
#[cfg(test)]
mod model;
#[cfg(test)]
pub mod sim;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod world;
