//! The past: replayed, shown as it was, explained.

mod replay;
