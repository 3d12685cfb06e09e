//! What is printed into a pipe that nobody reads any more.

use std::process::{Command, Stdio};

use opentrace_tests::program::binary;

#[test]
fn who_stops_reading_has_seen_enough() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(binary())
        .arg("config")
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{:?}: {said}", output.status);
}

#[test]
fn what_cannot_be_written_fails_the_command() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there is one");
    let output = Command::new(binary()).arg("config").stdout(full).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
}
