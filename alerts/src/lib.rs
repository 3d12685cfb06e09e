//! Rules over series, their evaluation as epochs close, and the delivery of alerts.

pub mod evaluate;
pub mod rule;
pub mod series;
