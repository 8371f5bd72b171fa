//! A private PostgreSQL: its programs found, a cluster made, started and stopped. For `conncentric dev`, tests and benches.
//!
//! Knows nothing of Conncentric's schema. Durability settings are PostgreSQL's defaults unless the caller says otherwise.

mod account;
mod binaries;
mod cluster;
mod place;

pub use binaries::{Binaries, NotFound, Version};
pub use cluster::{Cluster, Halt, Options, SUPERUSER};
pub(crate) use cluster::{free_port, is_free};
pub use place::{place, remove};
