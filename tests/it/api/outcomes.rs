//! Connections to the database break after the request went through, so nobody knows at first what came of it (I4).
