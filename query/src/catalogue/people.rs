//! What is known of the person whose visit it is: where it stands, and how it is read.
//!
//! Every such view has one row for each person, with the column `visitor`.

/// Where an attribute of a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum People {
    /// `v_features`, by this formula, in which `{zone}` stands for the site's zone.
    Features(&'static str),
    /// `visitor_clusters`.
    Clusters,
}

impl People {
    /// The table.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Features(_) => "v_features",
            Self::Clusters => "visitor_clusters",
        }
    }

    /// The formula of the attribute over the table's columns, as text.
    pub(crate) fn formula(self) -> String {
        match self {
            Self::Features(value) => format!("toString({value})"),
            Self::Clusters => "if(name = '', toString(cluster), toString(name))".to_owned(),
        }
    }

    /// Whether epochs tell when it changes. A model that is trained anew says so nowhere.
    pub(crate) fn is_of_epochs(self) -> bool {
        matches!(self, Self::Features(_))
    }
}
