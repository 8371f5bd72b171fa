//! `health`: whether the process on this machine is well, for supervisors that have no probes but commands.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};

/// Asks the orchestrator or pod on this machine whether it is well. Exit code 0 if it is.
///
/// Asks the management address, from the same variable as the process itself; an address of all interfaces stands for this machine.
///
/// Example: conncentric health --ready
#[derive(Debug, clap::Args)]
pub(super) struct HealthArgs {
    /// Where it listens for probes
    #[arg(long, env = "CONNCENTRIC_MANAGEMENT_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    management_listen: SocketAddr,

    /// Ask whether it can do its work now, and not only whether it lives
    #[arg(long, env = "CONNCENTRIC_READY")]
    ready: bool,
}

/// Shorter than the time that supervisors usually give.
const PATIENCE: Duration = Duration::from_secs(2);

impl HealthArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = if self.ready { "readyz" } else { "healthz" };
        let url = format!("http://{}/{path}", here(self.management_listen));
        // The client wants one, although nothing here is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build()?;
        let answer = client.get(&url).send().await.with_context(|| format!("nothing answers at {url}"))?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "not well: {}", said.trim());
        Ok(())
    }
}

fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        named => named,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_means_this_machine() {
        for (listens, asked) in [("0.0.0.0:8081", "127.0.0.1:8081"), ("[::]:1", "[::1]:1"), ("10.0.0.7:2", "10.0.0.7:2")] {
            assert_eq!(here(listens.parse().expect("an address")).to_string(), asked);
        }
    }
}
