//! What is wrong with a rule, said so that it can be put right.

/// A rule that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct RuleError {
    /// Path of the field, such as `condition.value`.
    pub field: String,
    pub reason: String,
    /// What would have been right.
    pub hint: Option<String>,
}

impl RuleError {
    /// An error of one field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into(), hint: None }
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        "invalid_rule"
    }
}
