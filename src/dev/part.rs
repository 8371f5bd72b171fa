//! One process of the system: the script that starts it, and the process that the script became.
//!
//! The demo starts its processes with the very scripts that people use to start one again, so there is one way.
//! Whoever starts a script writes down its process number, and the script becomes the program; number and arguments say
//! later whether a process is still that one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal};

use super::folder::Folder;
use super::{process, secret};

/// The order in which parts are stopped: pods hand over while orchestrators and venue are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Pods,
    Venue,
    Orchestrators,
}

impl Stage {
    pub(super) const IN_ORDER: [Self; 3] = [Self::Pods, Self::Venue, Self::Orchestrators];

    pub(super) fn of(name: &str) -> Self {
        match name.split('-').next() {
            Some("pod") => Self::Pods,
            Some("venue") => Self::Venue,
            _ => Self::Orchestrators,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Venue => "venue",
            Self::Orchestrators => "orchestrators",
        }
    }
}

/// How to run one process of our own binary.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// Secrets are passed here, because everybody can see arguments.
    pub(super) environment: Vec<(&'static str, String)>,
}

impl Part {
    /// Writes the script and starts it, in a process group of its own: Ctrl-C in our terminal is for us alone.
    pub(super) fn start(&self, folder: &Folder, program: &Path) -> anyhow::Result<tokio::process::Child> {
        self.write_script(folder, program)?;
        let mut command = tokio::process::Command::new("/bin/sh");
        command.arg(folder.script(&self.name)).arg("--attached").current_dir("/").process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("{} cannot be started", self.name))?;
        if let Some(pid) = child.id() {
            secret::keep(&folder.pid_file(&self.name), &pid.to_string())?;
        }
        Ok(child)
    }

    fn write_script(&self, folder: &Folder, program: &Path) -> anyhow::Result<()> {
        let path = folder.script(&self.name);
        secret::keep(&folder.arguments_file(&self.name), &self.arguments.join(" "))?;
        secret::keep(&path, &self.script(folder, program))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        Ok(())
    }

    fn script(&self, folder: &Folder, program: &Path) -> String {
        let exports: Vec<_> = self.environment.iter().map(|(name, value)| format!("export {name}={}", quoted(value))).collect();
        let arguments: Vec<_> = self.arguments.iter().map(|argument| quoted(argument)).collect();
        include_str!("part.sh")
            .replace("@NAME@", &self.name)
            .replace("@PID_FILE@", &quoted(&folder.pid_file(&self.name).display().to_string()))
            .replace("@LOG@", &quoted(&folder.log(&self.name).display().to_string()))
            .replace("@EXPORTS@", &exports.join("\n"))
            .replace("@PROGRAM@", &quoted(&program.display().to_string()))
            .replace("@ARGUMENTS@", &arguments.join(" "))
    }
}

/// A text as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The process of a part, if it runs: the program, or the script that is about to become it.
pub(super) fn running(folder: &Folder, name: &str) -> Option<Pid> {
    let pid = process::read_pid(&folder.pid_file(name))?;
    let program = std::fs::read_to_string(folder.arguments_file(name)).ok()?;
    let script = format!("{} --attached", folder.script(name).display());
    [program.trim_end(), &script].iter().any(|arguments| process::runs_with(pid, arguments)).then_some(pid)
}

/// All parts that were ever started in the folder, also by an earlier demo with other flags.
pub(super) fn all(folder: &Folder) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path("run"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".pid").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Ends processes in order, or by force if they take longer than `patience`. Gives back the names of those.
pub(super) async fn stop(folder: &Folder, names: &[String], patience: Duration) -> Vec<String> {
    let all = |sent: Signal| names.iter().filter_map(|name| running(folder, name)).for_each(|pid| process::signal(pid, sent));
    let any = || names.iter().any(|name| running(folder, name).is_some());
    all(Signal::TERM);
    // A process that somebody has paused would hear of it never.
    all(Signal::CONT);
    let mut forced = Vec::new();
    if !process::ended(patience, any).await {
        forced = names.iter().filter(|name| running(folder, name).is_some()).cloned().collect();
        kill(folder, names);
        process::ended(Duration::from_secs(5), any).await;
    }
    for name in names.iter().filter(|name| running(folder, name).is_none()) {
        // Whoever removed it meant the same.
        let _ = std::fs::remove_file(folder.pid_file(name));
    }
    forced
}

/// Ends processes at once.
pub(super) fn kill(folder: &Folder, names: &[String]) {
    names.iter().filter_map(|name| running(folder, name)).for_each(|pid| process::signal(pid, Signal::KILL));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sleep` plays the program; it takes any number of arguments and waits for their sum.
    fn sleeper(name: &str) -> Part {
        Part { name: name.into(), arguments: vec!["0.5".into(), "600.25".into()], environment: vec![("SECRET", "it's".into())] }
    }

    fn folder(parent: &tempfile::TempDir) -> Folder {
        let folder = Folder::open(&parent.path().join("with 'a quote")).expect("made");
        folder.furnish().expect("furnished");
        folder
    }

    #[tokio::test]
    async fn a_part_is_recognised_stopped_and_started_again_by_hand() {
        let parent = tempfile::tempdir().expect("created");
        let folder = folder(&parent);
        let names = ["pod-1".to_owned()];
        let mut child = sleeper("pod-1").start(&folder, Path::new("/bin/sleep")).expect("starts");
        let pid = running(&folder, "pod-1").expect("runs from the first moment");
        assert!(process::ended(Duration::from_secs(10), || !process::runs_with(pid, "0.5 600.25")).await);
        assert_eq!(child.id().map(u32::cast_signed), Some(pid.as_raw_nonzero().get()), "the script became the program");

        // Paused processes are stopped too.
        process::signal(pid, Signal::STOP);
        assert_eq!(stop(&folder, &names, Duration::from_secs(10)).await, Vec::<String>::new());
        child.wait().await.expect("reaped");

        let by_hand = tokio::process::Command::new(folder.script("pod-1")).output().await.expect("runs");
        let said = String::from_utf8_lossy(&by_hand.stdout).into_owned();
        assert!(process::ended(Duration::from_secs(10), || running(&folder, "pod-1").is_none()).await, "{said}");
        let pid = running(&folder, "pod-1").expect("runs");
        assert_eq!(said.trim(), format!("pod-1 runs as pid {}", pid.as_raw_nonzero()));
        let twice = tokio::process::Command::new(folder.script("pod-1")).output().await.expect("runs");
        assert!(!twice.status.success(), "one at a time");
        assert_eq!(all(&folder).expect("listed"), names);
        stop(&folder, &names, Duration::from_secs(10)).await;
        assert_eq!(running(&folder, "pod-1"), None);
        assert!(all(&folder).expect("listed").is_empty());
    }

    #[tokio::test]
    async fn a_pid_that_belongs_to_another_process_is_left_alone() {
        let parent = tempfile::tempdir().expect("created");
        let folder = folder(&parent);
        let mut stranger = tokio::process::Command::new("sleep").arg("601").spawn().expect("starts");
        sleeper("pod-1").write_script(&folder, Path::new("/bin/sleep")).expect("written");
        std::fs::write(folder.pid_file("pod-1"), stranger.id().expect("runs").to_string()).expect("written");
        stop(&folder, &["pod-1".to_owned()], Duration::from_secs(10)).await;
        assert!(stranger.try_wait().expect("ours").is_none(), "it lives");
        stranger.kill().await.expect("killed");
    }
}
