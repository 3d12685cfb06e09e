//! What the soak feeds and what it writes down.

pub mod feed;
pub mod time;
