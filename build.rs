//! Migrations are embedded by a macro, which cargo does not know to depend on the folder.

fn main() {
    println!("cargo::rerun-if-changed=schema");
}
