//! What really holds the connection and speaks its protocol.
