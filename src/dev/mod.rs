//! `conncentric dev`: the whole system on one machine, with nothing set up.

pub mod postgres;
pub mod process;
pub mod secret;
pub mod venue;
