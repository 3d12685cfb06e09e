//! The opentrace program: collectors, HTTP API and command line around the pipeline.
//!
//! [`app::App`] puts the parts together, [`http`] speaks to the world, [`auth`] says who may do what,
//! [`cli`] is what a person types. Nothing here computes an analytical figure: that is done by the
//! pipeline as events arrive and by `opentrace-query` when somebody asks.

pub mod alerts;
pub mod app;
pub mod ask;
pub mod auth;
pub mod cli;
pub mod client;
mod clock;
pub mod config;
pub mod erasure;
mod expiry;
pub mod http;
mod import;
mod key_file;
mod lock;
pub mod mcp;
pub mod metrics;
pub mod models;
pub mod selfcheck;
mod vocabulary;
