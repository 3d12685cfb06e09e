//! Tests over all routes.

mod access;
mod page;
mod people;
mod shape;
mod wire;
