//! The ledger as a file: JSON Lines with hashes, which anybody can check without a database, and from which a database can be
//! made again.
//!
//! A file begins with a header (what the first event hangs on), has one line an event, signed heads if there is a key, and ends
//! with a line that says what it should have held, so that a cut shows. Files that continue each other are parts of one ledger.
//! Absent on purpose: pulses. They stand outside the hash chain, and ownership never depends on one.

mod check;
mod file;
mod format;
mod key;
mod write;

pub use check::{FilePart, Ledger, Problem, Reader, check_file};
pub use file::export_to_file;
pub use format::{End, Hash, Header, SignedHead};
pub use key::{KeyProblem, read_sign_key, read_verify_key};
pub use write::{ExportError, Exported, Range, Signing, export};
