//! The pod process: registers, heartbeats, follows its stream, runs sessions, and stops them in time.
