//! The child process: ClickHouse as a library behind ClickHouse's HTTP interface.
//!
//! The parent starts this program again with the hidden command `clickhouse-engine`, says in the
//! environment which library and folder to use and the secret to ask for, and reads the port from
//! standard output. The child ends when its standard input ends, which is when the parent does,
//! however it ended.
//!
//! What it understands over HTTP is said in [`super::http`].

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::ffi::Library;
use super::pool::Pool;
use super::{http, merges};

/// Environment variables from the parent: the secret, the library, the folder.
pub(super) const SECRET: &str = "OPENTRACE_ENGINE_SECRET";
pub(super) const LIBRARY: &str = "OPENTRACE_ENGINE_LIBRARY";
pub(super) const FOLDER: &str = "OPENTRACE_ENGINE_FOLDER";
/// Statements that may run at once.
const CONNECTIONS: usize = 16;

/// Runs the engine; what the hidden command does. Returns only on an error.
pub fn engine_main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Goes to the standard error that the parent shares.
            let _ = writeln!(std::io::stderr(), "clickhouse-engine: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let (secret, library, folder) = (variable(SECRET)?, variable(LIBRARY)?, variable(FOLDER)?);
    end_with_parent()?;
    merges::keep_in_background()?;
    let library = Library::load(Path::new(&library))?;
    let pool = Pool::open(library, engine_arguments(&folder), CONNECTIONS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(CONNECTIONS + 4)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| e.to_string())?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        writeln!(std::io::stdout(), "{port}")
            .and_then(|()| std::io::stdout().flush())
            .map_err(|e| e.to_string())?;
        http::serve(listener, secret.into(), Arc::new(pool)).await
    })
}

/// Server settings for a small machine: modest caches and pools, no logs of its own.
fn engine_arguments(folder: &str) -> Vec<String> {
    let settings = [
        format!("--path={folder}"),
        "--mark_cache_size=67108864".to_owned(),
        "--uncompressed_cache_size=0".to_owned(),
        "--background_pool_size=4".to_owned(),
        "--background_schedule_pool_size=4".to_owned(),
        "--max_server_memory_usage_to_ram_ratio=0.7".to_owned(),
    ];
    std::iter::once("clickhouse".to_owned()).chain(settings).collect()
}

/// Ends this process when standard input does: the parent holds the other end and never writes.
///
/// # Errors
/// When no thread can be started to wait for it.
pub fn end_with_parent() -> Result<(), String> {
    let watch = || {
        let mut sink = [0; 64];
        while !matches!(std::io::stdin().read(&mut sink), Ok(0) | Err(_)) {}
        // Not by `abort` or `exit`: the engine catches the first to print a report and hangs in the
        // destructors of the second. The storage survives this.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    };
    std::thread::Builder::new().name("parent-watch".to_owned()).spawn(watch).map_err(|e| e.to_string())?;
    Ok(())
}
