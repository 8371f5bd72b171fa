//! The HTTP API.

pub mod docs;
