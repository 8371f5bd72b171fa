//! The core of an orchestrator.
