//! Wall clocks that can be set for each process, by a library that is loaded before all others.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The clock of a few processes.
#[derive(Debug, Clone)]
pub struct Clock {
    library: PathBuf,
    file: PathBuf,
}

/// Compiles the library into a folder that all users can read. The C compiler is there, because Rust's linker needs it.
pub fn library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, include_str!("clock.c")).expect("written");
    let status = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status().expect("a C compiler");
    assert!(status.success(), "the clock does not compile");
    library
}

impl Clock {
    pub fn new(library: &Path, name: &str) -> Self {
        let this = Self { library: library.to_owned(), file: library.with_file_name(format!("{name}.clock")) };
        this.set(0);
        std::fs::set_permissions(&this.file, std::fs::Permissions::from_mode(0o644)).expect("readable");
        this
    }

    /// Shifts it by so many seconds from the true time.
    pub fn set(&self, seconds: i64) {
        use std::io::Write;
        // In place: who has it mapped sees the new time.
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(&self.file);
        file.and_then(|mut file| file.write_all(&seconds.to_ne_bytes())).expect("set");
    }

    /// What a process needs in its environment to go by this clock.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [("LD_PRELOAD", self.library.display().to_string()), ("CHAOS_CLOCK", self.file.display().to_string())]
    }
}
