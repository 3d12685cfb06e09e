//! The `opentrace` program.

use std::process::ExitCode;

use opentrace_server::cli;

/// Many small allocations from many threads are what this program does: an allocator made for that
/// is worth it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
