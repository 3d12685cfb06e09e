//! Finds the country database that npm brings, and the weights of the encoder, when no setting names them.

use std::env;
use std::path::{Path, PathBuf};

const PACKAGE: &str = "@ip-location-db/geo-whois-asn-country-mmdb";
const FILE: &str = "geo-whois-asn-country.mmdb";

/// The country database, if it is in its usual places.
pub(super) fn geo() -> Option<PathBuf> {
    find(&roots(), PACKAGE, FILE)
}

/// The folder with the weights of the encoder, if it is in its usual places.
pub(super) fn encoder() -> Option<PathBuf> {
    let folders = roots().into_iter().map(|root| root.join("minilm"));
    folders.into_iter().find(|folder| folder.join("model.safetensors").is_file())
}

/// The folder of the executable and the current folder, with every folder above them.
fn roots() -> Vec<PathBuf> {
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    let starts = [beside, env::current_dir().ok()];
    starts.iter().flatten().flat_map(|start| start.ancestors().map(Path::to_owned)).collect()
}

/// The file itself in a root, else in the package under a root's `node_modules`.
fn find(roots: &[PathBuf], package: &str, file: &str) -> Option<PathBuf> {
    let places =
        roots.iter().flat_map(|root| [root.join(file), root.join("node_modules").join(package).join(file)]);
    places.into_iter().find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_from_a_folder_below() {
        let root = tempfile::tempdir().expect("a folder");
        let package = root.path().join("node_modules/@a/b");
        std::fs::create_dir_all(&package).expect("created");
        std::fs::write(package.join("c.bin"), b"x").expect("written");
        let below: Vec<_> = root.path().join("target/release").ancestors().map(Path::to_owned).collect();
        assert_eq!(find(&below, "@a/b", "c.bin"), Some(package.join("c.bin")));
        assert_eq!(find(&below, "@a/b", "d.bin"), None);
    }
}
