//! The JSON that crosses the wire: what orchestrators, pods, the CLI and scripts say to each other.
//!
//! These types depend on the domain's names and nothing else of ours. Field names are part of the contract: add, never rename.

pub mod access_token;
pub mod action;
pub mod adapter;
pub mod artifact;
pub mod connector;
pub mod event;
pub mod heartbeat;
pub mod log;
pub mod maintenance;
pub mod ownership;
pub mod plugin;
pub mod pod;
pub mod problem;
pub mod push;
pub mod rebalance;
pub mod session;
pub mod status;
