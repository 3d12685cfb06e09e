//! Where ClickHouse's library is.

use std::path::{Path, PathBuf};

use crate::StoreError;

const FILE: &str = "libchdb.so";

/// The library: where the operator says, else beside the program, else where npm put it, in the
/// folders above the program and above the current one.
pub(super) fn library(configured: Option<&Path>) -> Result<PathBuf, StoreError> {
    let configured = configured.map(Path::to_owned);
    let candidates = match configured.or_else(|| std::env::var_os("OPENTRACE_LIBCHDB").map(PathBuf::from)) {
        Some(path) => vec![path],
        None => candidates(),
    };
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(StoreError::LibraryMissing(candidates)),
    }
}

fn candidates() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    let current = std::env::current_dir().ok();
    let mut found: Vec<PathBuf> = program.iter().map(|folder| folder.join("lib").join(FILE)).collect();
    for start in program.iter().chain(&current) {
        let packages = start.ancestors().map(|folder| folder.join("node_modules/@chdb"));
        found.extend(packages.map(|packages| packages.join(package()).join(FILE)));
    }
    found.dedup();
    found
}

/// The npm package for this machine.
fn package() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "aarch64") => "lib-linux-arm64-gnu",
        ("macos", "aarch64") => "lib-darwin-arm64",
        ("macos", _) => "lib-darwin-x64",
        _ => "lib-linux-x64-gnu",
    }
}
