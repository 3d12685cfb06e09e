//! The Numenta Anomaly Benchmark: its files and its scoring rules.

pub mod corpus;
pub mod score;
