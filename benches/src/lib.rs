//! Benchmarks and the workloads they share. `benches/run.py` measures the running program.

pub mod soak;
pub mod workload;
