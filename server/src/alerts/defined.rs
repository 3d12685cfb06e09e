//! What is defined on a site, for its rules to name.

use opentrace_events::SiteId;
use opentrace_query::Vocabulary;
use opentrace_store::StoreError;
use opentrace_store::meta::DefinitionRecord;

use super::Alerts;
use crate::vocabulary::vocabulary;

/// Definitions and words of a site.
#[derive(Debug, Default)]
pub(super) struct Defined {
    pub(super) definitions: Vec<DefinitionRecord>,
    pub(super) vocabulary: Vocabulary,
}

impl Alerts {
    /// What is defined on a site now.
    pub(super) async fn defined(&self, site: SiteId) -> Result<Defined, StoreError> {
        let mut definitions = self.shared.meta.definitions().await?;
        definitions.retain(|record| record.definition.site == site);
        let vocabulary = vocabulary(&definitions, self.shared.meta.words(site).await?);
        Ok(Defined { definitions, vocabulary })
    }
}
