//! Plugin packages: what is in them, whether they may be let in, how they are made, signed and unpacked.
//!
//! Orchestrators look into what is uploaded, pods unpack what they fetched, and the command line makes and signs packages; all of them
//! read packages through [`read`], so that what one lets in, another can unpack. Absent on purpose: the log, HTTP, tokio. Everything
//! here blocks, and is called from where that does no harm.

pub mod manifest;
pub mod pack;
pub mod platform;
pub mod read;
pub mod sign;
pub mod unpack;
