use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::{Builder, Header};

use super::*;

const MANIFEST: &str = "name: feed\nversion: 1.0.0\nconnector: feed\nplatforms: { any: bin/feed }\nlicence: MIT\n";

type Entries<'a> = &'a [(&'a str, EntryType, &'a [u8])];

/// A package of these entries, whatever their paths: the library that writes archives would refuse some of them.
fn package(entries: Entries<'_>) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (path, kind, data) in entries {
        let mut header = Header::new_ustar();
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_size(data.len() as u64);
        if matches!(kind, EntryType::Link | EntryType::Symlink) {
            header.set_link_name("/etc/passwd").expect("short");
        }
        header.set_cksum();
        archive.append(&header, *data).expect("written");
    }
    compress_to_vec(archive.into_inner().expect("written").as_slice(), CompressionLevel::Fastest)
}

fn refused(package: &[u8]) -> String {
    read(package, |_, _| Ok(())).expect_err("refused").to_string()
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn a_package_is_its_manifest_and_its_files() {
    let data = package(&[
        ("./", EntryType::Directory, b""),
        ("./plugin.yaml", FILE, MANIFEST.as_bytes()),
        ("bin/", EntryType::Directory, b""),
        ("bin/feed", FILE, b"#!/bin/sh\n"),
    ]);
    let mut seen = Vec::new();
    let manifest = read(data.as_slice(), |file, content| {
        let mut text = String::new();
        content.read_to_string(&mut text).expect("text");
        seen.push((file.path.display().to_string(), file.executable, file.size, text));
        Ok(())
    });
    assert_eq!(manifest.expect("a package").name.as_str(), "feed");
    let expected = [("plugin.yaml", MANIFEST), ("bin/feed", "#!/bin/sh\n")];
    assert_eq!(seen, expected.map(|(path, text)| (path.to_owned(), true, text.len() as u64, text.to_owned())));
}

#[test]
fn nothing_leads_out_of_a_package() {
    for path in ["/etc/passwd", "../x", "bin/../../x", "a\\b", "a\nb", "\u{1b}[31m"] {
        let why = refused(&package(&[(path, FILE, b"x")]));
        assert!(why.contains("must stay below the top") && !why.contains('\u{1b}'), "{path}: {why}");
    }
    for kind in [EntryType::Symlink, EntryType::Link] {
        assert!(refused(&package(&[("x", kind, b"")])).contains("x: links are not allowed"));
    }
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo] {
        assert!(refused(&package(&[("x", kind, b"")])).contains("x: only files and folders"));
    }
}

#[test]
fn nothing_is_there_twice() {
    for entries in [
        [("x", FILE, b"1".as_slice()), ("./x", FILE, b"2")],
        [("x", FILE, b"1"), ("x/y", FILE, b"2")],
        [("x/y", FILE, b"1"), ("x", FILE, b"2")],
        [("x", EntryType::Directory, b""), ("x", FILE, b"2")],
    ] {
        let why = refused(&package(&entries));
        assert!(why.contains("twice") || why.contains("a folder and a file"), "{why}");
    }
}

#[test]
fn bombs_go_off_elsewhere() {
    let zeros = vec![0; 32 << 20];
    let why = refused(&package(&[("plugin.yaml", FILE, MANIFEST.as_bytes()), ("zeros", FILE, &zeros)]));
    assert!(why.contains("more than 100 times its size"), "{why}");
    let many: Vec<String> = (0..=MOST_FILES).map(|number| format!("file-{number}")).collect();
    let many: Vec<_> = many.iter().map(|path| (path.as_str(), FILE, b"".as_slice())).collect();
    assert!(refused(&package(&many)).contains("more than 2000 files"));
    let long = format!("{MANIFEST}#{}", "x".repeat(64 << 10));
    assert!(refused(&package(&[("plugin.yaml", FILE, long.as_bytes())])).contains("longer than 64 KiB"));
}

#[test]
fn what_is_no_package_is_told_so() {
    assert!(refused(b"").contains("package: "));
    assert!(refused(b"PK\x03\x04 and so on").contains("not compressed with zstd"));
    assert!(refused(&compress_to_vec(b"no archive".as_slice(), CompressionLevel::Fastest)).contains("no tar archive"));
    assert!(refused(&package(&[("x", FILE, b"1")])).contains("plugin.yaml: it is not at the top"));
    let why = refused(&package(&[("plugin.yaml", FILE, MANIFEST.as_bytes())]));
    assert!(why.contains("platforms.any: the package has no file bin/feed"), "{why}");
    let whole = package(&[("plugin.yaml", FILE, MANIFEST.as_bytes()), ("bin/feed", FILE, &[7; 5000])]);
    read(whole.as_slice(), |_, _| Ok(())).expect("a package");
    for cut in [whole.len() - 1, whole.len() / 2, 10] {
        refused(&whole[..cut]);
    }
    assert!(refused(&[whole.as_slice(), b"more"].concat()).contains("comes after its end"));
}
