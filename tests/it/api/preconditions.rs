//! Changes that are conditional on what the client has seen, and tokens that are not of the present.
