//! Migrations are embedded when the crate is compiled; a new file must lead to a new build.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
