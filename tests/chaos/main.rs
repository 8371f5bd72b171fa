//! The chaos run: a real system of real processes, everything that can go wrong with it, and a checker that has seen bugs.
//!
//! Reading order: `arena` starts the system with a `network` of our making between every two parts. `schedule` works out from a
//! seed which `faults` come when, and `run` carries them out while the `workload` works and a `subscriber` listens. The `witness`
//! is the downstream, a process of its own. What everybody saw is the `evidence`, and the `checker` judges by it alone.
//!
//! Absent on purpose: switches in production code. What the checker can find is proved by the patches in `planted`, each of
//! which breaks one rule in a copy of the source.

#![allow(unreachable_pub, reason = "a test binary exports nothing, and `pub` reads better than `pub(crate)` on a helper")]

#[cfg(test)]
mod aftermath;
#[cfg(test)]
mod arena;
#[cfg(test)]
mod checker;
#[cfg(test)]
mod client;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod database;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod keep;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod network;
#[cfg(test)]
mod notebook;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod report;
#[cfg(test)]
mod run;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod server;
#[cfg(test)]
mod subscriber;
#[cfg(test)]
#[path = "../it/support/mod.rs"]
mod support;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod timekeeper;
#[cfg(test)]
mod watch;
#[cfg(test)]
mod witness;
#[cfg(test)]
mod workload;
