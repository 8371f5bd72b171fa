//! Passwords and tokens of the demo: made at random, kept in files that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// `length` characters from a-z and 2-7, five random bits each: safe in URLs, shells and file names.
pub fn random_text(length: usize) -> anyhow::Result<String> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    let mut text = data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase();
    text.truncate(length);
    Ok(text)
}

/// Reads a secret, or makes and keeps one.
pub fn remembered(path: &Path) -> anyhow::Result<String> {
    if let Some(secret) = read(path)? {
        return Ok(secret);
    }
    let secret = random_text(32)?;
    keep(path, &secret)?;
    Ok(secret)
}

/// `None` if there is no such file, or nothing in it.
pub fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let mut text = String::new();
    match File::open(path).and_then(|mut file| file.read_to_string(&mut text)) {
        Ok(_) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Replaces a file as a whole: whoever reads it sees the old content or the new, and only its owner sees any.
pub fn keep(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_added_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().expect("created");
        let path = folder.path().join("secret");
        let secret = remembered(&path).expect("made");
        assert_eq!(secret.len(), 32);
        assert_eq!(remembered(&path).expect("read"), secret);
        assert_eq!(path.metadata().expect("exists").permissions().mode() & 0o777, 0o600);
        assert_ne!(random_text(32).expect("made"), secret);
    }
}
