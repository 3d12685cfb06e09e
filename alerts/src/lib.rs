//! Rules over series, their evaluation as epochs close, and the delivery of alerts.

pub mod bands;
pub mod channel;
pub mod evaluate;
pub mod guard;
pub mod rule;
pub mod series;
