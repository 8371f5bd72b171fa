//! Configuration of adapters: schemas, secrets, revisions, and what waits for a restart.

mod actions;
mod revisions;
mod schemas;
mod secrets;
