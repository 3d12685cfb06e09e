//! The query parser, planner and compiler on any bytes.

#![no_main]

include!("../../tests/fuzz/body.rs");

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
