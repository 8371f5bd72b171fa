//! The HTTP API of real orchestrators on a real database, as everybody who may and may not use it sees it.

mod identity;
