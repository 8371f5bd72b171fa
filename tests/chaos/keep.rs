//! What is kept of a run for whoever looks into a violation: logs, records, and one timeline of what was done and what happened.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::evidence::Evidence;

/// Copies what the processes wrote to a folder of this run. Access tokens are not kept.
pub fn files(of: &Path, server_log: &Path) -> PathBuf {
    let kept = std::env::temp_dir().join(format!("conncentric-chaos-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&kept);
    std::fs::create_dir_all(&kept).expect("a folder");
    for entry in std::fs::read_dir(of).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_file() && !name.to_string_lossy().ends_with(".token") {
            std::fs::copy(&path, kept.join(name)).expect("copied");
        }
    }
    std::fs::copy(server_log, kept.join("postgres.log")).expect("copied");
    kept
}

/// Faults, deeds, ledger events and stalls, in seconds since the run began.
pub fn timeline(evidence: &Evidence) {
    let start = evidence.run.map_or(Duration::ZERO, |run| run.from);
    let mut lines: Vec<(f64, String)> = Vec::new();
    let since = |at: Duration| at.as_secs_f64() - start.as_secs_f64();
    for fault in &evidence.faults {
        lines.push((since(fault.span.from), format!("FAULT {} {:?}", fault.kind, fault.on)));
        lines.push((since(fault.span.to), format!("over  {} {:?}", fault.kind, fault.on)));
    }
    for done in &evidence.deeds {
        lines.push((since(done.at), format!("deed  {:?} {:?}", done.deed, done.target)));
    }
    for stall in &evidence.stalls {
        lines.push((since(stall.from), format!("stall {:?}", stall.to.saturating_sub(stall.from))));
    }
    for event in &evidence.ledger {
        lines.push((
            since(evidence.recorded(event.position)),
            format!("event {} {} {} {}", event.position, event.kind, event.actor, event.data),
        ));
    }
    for request in &evidence.requests {
        lines.push((since(request.span.to), format!("asked {:?} at {} {:?}", request.asked, request.at, request.answer)));
    }
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut file = File::create(evidence.folder.join("timeline")).map(BufWriter::new).expect("a file");
    for (at, line) in lines {
        writeln!(file, "{at:10.4} {line}").expect("written");
    }
    file.flush().expect("written");
}
