//! Which of a plugin's programs a pod can run.

/// The platform of this process, for example `linux-x86_64`.
#[must_use]
pub fn own() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}
