//! What is known of the person whose visit it is: where it stands, and how it is read.
//!
//! Every such view has one row for each person, with the column `visitor`; but scores have one for each
//! model, of which the one counts that was written last.

/// Where an attribute of a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum People {
    /// `v_features`, by this formula, in which `{zone}` stands for the site's zone.
    Features(&'static str),
    /// `visitor_clusters`.
    Clusters,
    /// `visitor_scores`, those of models of this kind.
    Scores(Scores),
}

/// What models predict of people, in steps that people can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scores {
    /// The probability that they do not come again.
    Churn,
    /// The probability that they convert.
    Conversion,
    /// What they will spend, in the site's currency.
    Value,
}

/// Of one person the score that was written last; at one time, that of the model with the last name.
const LAST: &str = "argMax(score, (epoch, model))";

impl People {
    /// A name for the rows, one for each person, that several attributes may be read from.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Features(_) => "v_features",
            Self::Clusters => "visitor_clusters",
            Self::Scores(Scores::Churn) => "churn",
            Self::Scores(Scores::Conversion) => "conversion",
            Self::Scores(Scores::Value) => "value",
        }
    }

    /// The table, and a condition on its rows to go on with.
    pub(crate) fn rows(self) -> (&'static str, &'static str) {
        match self {
            Self::Features(_) => ("v_features", ""),
            Self::Clusters => ("visitor_clusters", ""),
            Self::Scores(Scores::Churn) => ("visitor_scores", " AND kind = 'churn'"),
            Self::Scores(Scores::Conversion) => ("visitor_scores", " AND kind = 'conversion'"),
            Self::Scores(Scores::Value) => ("visitor_scores", " AND kind = 'value'"),
        }
    }

    /// Whether the table has several rows of one person, of which the formula makes one.
    pub(crate) fn is_grouped(self) -> bool {
        matches!(self, Self::Scores(_))
    }

    /// The formula of the attribute over the table's columns, as text.
    pub(crate) fn formula(self) -> String {
        match self {
            Self::Features(value) => format!("toString({value})"),
            Self::Clusters => "if(name = '', toString(cluster), toString(name))".to_owned(),
            Self::Scores(Scores::Churn | Scores::Conversion) => {
                format!("multiIf({LAST} >= 0.7, 'high', {LAST} >= 0.3, 'medium', 'low')")
            }
            Self::Scores(Scores::Value) => format!(
                "multiIf({LAST} >= 1000, 'from 1000', {LAST} >= 100, '100 to 1000', {LAST} >= 10, '10 to 100', \
                 {LAST} >= 1, '1 to 10', 'under 1')"
            ),
        }
    }

    /// Whether epochs tell when it changes. A model that is trained anew says so nowhere.
    pub(crate) fn is_of_epochs(self) -> bool {
        matches!(self, Self::Features(_))
    }
}
