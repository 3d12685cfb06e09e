//! The embedded engine: ClickHouse's library in a supervised child process.

mod child;
mod execute;
mod ffi;
mod format;
mod http;
mod locate;
mod merges;
mod multipart;
mod pool;
mod request;
mod supervisor;

pub use child::{end_with_parent, engine_main};
pub use supervisor::{Engine, EngineConfig};
