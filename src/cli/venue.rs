//! `venue`: the other side of the demo's connections. Started by `dev`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::signals::{Second, run_until_signalled};
use crate::dev::venue;

/// Runs the demo venue, which compares fencing tokens and writes down what it accepted and refused.
#[derive(Debug, clap::Args)]
pub(super) struct VenueArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,

    /// File that every accepted and refused line is written to
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
}

impl VenueArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = venue::Config { listen: self.listen, journal: self.journal };
        run_until_signalled(Second::EndsAtOnce, |shutdown| venue::run(config, shutdown)).await
    }
}
