//! The engine's child process as a program of its own, for the tests of this crate. `opentrace`
//! starts itself instead.

fn main() -> std::process::ExitCode {
    opentrace_store::engine_main()
}
