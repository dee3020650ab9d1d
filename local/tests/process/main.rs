//! Tests of the local stack as its users run it: the built binary, as a process.

#[cfg(test)]
mod demo;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod process;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod steps;
