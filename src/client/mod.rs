//! The HTTP client that pods and the CLI share.
