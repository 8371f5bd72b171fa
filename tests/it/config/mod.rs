//! Configuration of adapters: schemas, secrets, revisions, and what waits for a restart.

mod revisions;
mod schemas;
mod secrets;
