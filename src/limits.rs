//! What the system lets a process have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Takes as many open files as the system allows. Every stream of a pod and every connection is one, and the customary limit of
/// 1024 is there for programs that cannot tell larger ones from none.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    // Going on with fewer is better than not going on: what runs out later says so.
    let _ = setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
}
