//! What the end-to-end tests share: the built program as a child process, its HTTP interface, and
//! an independent count of what was sent.

pub mod bot;
pub mod chat;
pub mod feed;
pub mod nats;
pub mod program;
pub mod receiver;
pub mod relay;
pub mod tally;

pub use program::{Program, Site};
