//! What a site has added to the query language, read back from what is kept.

use opentrace_events::define::Spec;
use opentrace_query::{Goal, Segment, Vocabulary, parse};
use opentrace_store::meta::{DefinitionRecord, WordKind, WordRecord};
use serde_json::Value;

/// The words of a site. What was accepted once is read again; a word that a later release reads otherwise is
/// left out.
pub(crate) fn vocabulary(definitions: &[DefinitionRecord], words: Vec<WordRecord>) -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for record in definitions {
        if let Spec::Goal { event } = &record.definition.spec {
            vocabulary.goals.push(Goal { name: record.name.clone(), event: event.clone() });
        }
    }
    for word in words {
        let Ok(body) = serde_json::from_str::<Value>(&word.body) else { continue };
        match word.kind {
            WordKind::Segment => {
                if let Ok(filters) = parse::measures::segment(&body["filters"]) {
                    vocabulary.segments.push(Segment { id: word.id, name: word.name, filters });
                }
            }
            WordKind::Metric => {
                if let Ok(metric) = parse::measures::metric(&word.name, &body) {
                    vocabulary.metrics.push(metric);
                }
            }
        }
    }
    vocabulary
}
