//! Any bytes as a report or a definition: read or refused, never a panic.

#![no_main]

include!("../../tests/fuzz/reports.rs");

libfuzzer_sys::fuzz_target!(|data: &[u8]| check_report(data));
