//! Plugins, from the package to the session that they run.

mod hostile;
mod install;
mod restored;
mod signed;
mod tutorial;

use std::path::Path;

use conncentric::plugin::pack::pack;

const PROGRAM: &str = "#!/bin/sh\necho '{\"status\":\"ACTIVE\"}'\nexec sleep 1000\n";

/// A package of plugin `feed`, whose program says that it is ACTIVE and waits.
pub(crate) fn feed(folder: &Path, version: &str) -> Vec<u8> {
    package(folder, version, PROGRAM)
}

/// A package of plugin `feed` with this program.
pub(crate) fn package(folder: &Path, version: &str, program: &str) -> Vec<u8> {
    use std::os::unix::fs::PermissionsExt;

    let source = folder.join(format!("feed-{version}"));
    std::fs::create_dir_all(&source).expect("made");
    let manifest = format!(
        "name: feed\nversion: {version}\nconnector: feed\nplatforms: {{ any: feed.sh }}\nlicence: MIT\n\
         settings_schema: {{ type: object, properties: {{ port: {{ type: integer }} }} }}\n"
    );
    std::fs::write(source.join("plugin.yaml"), manifest).expect("written");
    std::fs::write(source.join("feed.sh"), program).expect("written");
    std::fs::set_permissions(source.join("feed.sh"), std::fs::Permissions::from_mode(0o755)).expect("set");
    pack(&source).expect("a package").1
}
