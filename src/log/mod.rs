//! The event table in PostgreSQL: connect, migrate, append, read, listen.
