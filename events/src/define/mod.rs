//! What users define: goals, funnels, retention and series. Kept by the pipeline, answered by queries.

mod condition;
mod spec;
#[cfg(test)]
mod tests;

pub use condition::{Attribute, BadPattern, Comparison, Condition, Matcher, Operator, Subject, VisitColumn};
pub use spec::{Definition, Measure, Order, Period, Spec, SpecError, Step};
