//! Migrations and the Portal are embedded by macros, which cargo does not know to depend on their folders.

fn main() {
    println!("cargo::rerun-if-changed=schema");
    println!("cargo::rerun-if-changed=src/portal/dist");
}
