//! The words of each site, looked up when somebody asks and kept for a minute.
//!
//! Keeps one vocabulary for each site that was asked about lately: some thousand short strings.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentrace_events::define::Spec;
use opentrace_events::ids::DAY_MS;
use opentrace_events::{SiteId, Timestamp};
use opentrace_query::ask::{Vocabulary, look_up};
use tokio::sync::Mutex;

use crate::auth::{OnSite, Read};
use crate::http::{ApiError, State};

/// How long words are good, and how soon they may be looked up again for a word nobody knew.
const GOOD: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(5);
/// Sites whose words are kept.
const SITES: usize = 64;

/// Vocabularies by site and by the day they are of.
#[derive(Debug, Default)]
pub(in crate::http) struct Vocabularies {
    kept: Mutex<HashMap<(SiteId, i64), Kept>>,
}

#[derive(Debug)]
struct Kept {
    made: Instant,
    vocabulary: Arc<Vocabulary>,
}

impl Vocabularies {
    /// The words of the site of the proof; with `fresh`, not those of some seconds ago.
    pub(super) async fn get(
        &self,
        state: &State,
        site: &OnSite<Read>,
        now: Timestamp,
        fresh: bool,
    ) -> Result<Arc<Vocabulary>, ApiError> {
        let key = (site.site().id, now.0.div_euclid(DAY_MS));
        let good = if fresh { AGAIN } else { GOOD };
        // One look at a time: who comes meanwhile finds what the first has found.
        let mut kept = self.kept.lock().await;
        if let Some(known) = kept.get(&key)
            && known.made.elapsed() < good
        {
            return Ok(Arc::clone(&known.vocabulary));
        }
        let goals = goals(state, site).await?;
        let views = state.views(site);
        let words = look_up(state.store(site), site.site(), now, views, goals).await?;
        let vocabulary = Arc::new(Vocabulary::new(words));
        kept.retain(|_, known| known.made.elapsed() < GOOD);
        if kept.len() >= SITES {
            kept.clear();
        }
        kept.insert(key, Kept { made: Instant::now(), vocabulary: Arc::clone(&vocabulary) });
        Ok(vocabulary)
    }
}

/// The goals that are defined on the site.
async fn goals(state: &State, site: &OnSite<Read>) -> Result<Vec<String>, ApiError> {
    let records = state.definitions(site).definitions(site.site().id).await?;
    let goals = records.into_iter().filter(|record| matches!(record.definition.spec, Spec::Goal { .. }));
    Ok(goals.map(|record| record.name).collect())
}
