//! Limits on size and time: nobody can make an orchestrator hold more, or wait longer, than it wants to.
