//! Tests over all routes.

mod access;
mod shape;
mod wire;
