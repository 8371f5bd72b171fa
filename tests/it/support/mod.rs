//! Helpers of all integration tests: databases, processes, waiting. Nothing here knows what is tested.
#![allow(unreachable_pub, reason = "a test binary exports nothing, and `pub` reads better than `pub(crate)` on a helper")]
#![allow(dead_code, reason = "a helper stays when the last test that uses it goes")]

pub mod api;
pub mod backup;
pub mod big_log;
pub mod browser;
pub mod cutter;
pub mod journal;
pub mod kubelet;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod sound;
pub mod source;
pub mod standby;
pub mod system;
pub mod wait;
pub mod walk;
