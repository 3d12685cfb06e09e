//! Tells cargo when the dashboard that a release carries was built anew.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads the dashboard's files as it runs.
    if std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_none() {
        println!("cargo::rerun-if-changed=../web/dashboard/dist");
    }
}
