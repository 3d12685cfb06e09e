//! Tests over all routes.

mod access;
mod dashboards;
mod demo;
mod look;
mod page;
mod people;
mod questions;
mod shape;
mod wire;
