//! Self-check: every view against its recomputation from raw events, when somebody asks and on a
//! schedule.
//!
//! A comparison means something only for what holds still while it is made. Where more events come
//! in or something is forgotten meanwhile, it is made again after the views have caught up, and what is
//! not found again was on its way: a row that is wrong stays wrong, while one that was merely being changed
//! is another the next time. So a server that never rests is checked, too.
//!
//! Wrong when: a wrong row is changed between every two looks. It is found once its day is over.

mod report;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentrace_events::define::Definition;
use opentrace_events::{Site, SiteId, Sites};
use opentrace_pipeline::{Pipeline, PipelineError};
use opentrace_store::verify::{Difference, LISTED, Pace};
use opentrace_store::{Meta, Store, StoreError};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

pub use self::report::{Found, Report};
use crate::clock;

/// The longest that is waited for the views.
pub const CATCH_UP: Duration = Duration::from_secs(60);
/// How often it is looked whether history has been counted and people have been erased.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Comparisons that are made before giving up on a moment of rest. What is found in all of them is
/// wrong.
const LOOKS: usize = 4;
/// Differences that are told per view and site. More are only counted.
const TOLD: usize = 100;

/// Compares views and events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Checker {
    pipeline: Pipeline,
    store: Store,
    meta: Meta,
    sites: Sites,
    /// Reading every event there is once is enough at a time.
    turn: Arc<Semaphore>,
    reports: watch::Sender<Report>,
}

/// What a check came to.
#[derive(Debug, Default)]
pub struct Checked {
    /// Sites that were compared.
    pub sites: usize,
    /// The first of each view and site.
    pub differences: Vec<Difference>,
    /// How many there are, by view. Views without any are there with 0.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("a comparison is being made already")]
    Busy,
    #[error("the views have not caught up")]
    Behind,
    #[error("events kept coming in while the views were compared")]
    NotAtRest,
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CheckError {
    /// A stable name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Behind => "views_behind",
            Self::NotAtRest => "not_at_rest",
            Self::Pipeline(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl Checker {
    pub fn new(pipeline: Pipeline, store: Store, meta: Meta, sites: Sites) -> Self {
        let (turn, reports) = (Arc::new(Semaphore::new(1)), watch::Sender::default());
        Self { pipeline, store, meta, sites, turn, reports }
    }

    /// Compares every view of these sites.
    pub async fn check(&self, sites: &[Arc<Site>], pace: Pace) -> Result<Checked, CheckError> {
        let _turn = self.turn.try_acquire().map_err(|_| CheckError::Busy)?;
        self.compare_until_sure(sites, pace).await
    }

    /// Compares every view of every site, and keeps what it came to for whoever watches the program.
    pub async fn check_all(&self, pace: Pace) -> Result<Checked, CheckError> {
        let _turn = self.turn.try_acquire().map_err(|_| CheckError::Busy)?;
        let (at, started) = (clock::now(), Instant::now());
        let checked = self.compare_until_sure(&self.sites.all(), pace).await;
        self.reports.send_modify(|report| report.add(at, started.elapsed(), &checked));
        checked
    }

    /// What the checks of every site came to.
    pub fn report(&self) -> Report {
        self.reports.borrow().clone()
    }

    async fn compare_until_sure(&self, sites: &[Arc<Site>], pace: Pace) -> Result<Checked, CheckError> {
        let mut suspects: Option<BTreeSet<Difference>> = None;
        for _ in 0..LOOKS {
            self.caught_up().await?;
            let before = self.pipeline.status();
            let erasures = self.pipeline.erasures();
            let found = self.compare(sites, pace).await?;
            let after = self.pipeline.status();
            let rested = before.lag_events == 0 && before.log_events == after.log_events;
            if found.is_empty() || (rested && matches!(erasures.has_changed(), Ok(false))) {
                return Ok(Checked::new(sites.len(), found));
            }
            if is_cut(&found) {
                continue;
            }
            let left = match suspects {
                None => found,
                Some(suspects) => suspects.intersection(&found).cloned().collect(),
            };
            if left.is_empty() {
                return Ok(Checked::new(sites.len(), left));
            }
            suspects = Some(left);
        }
        suspects.map(|left| Checked::new(sites.len(), left)).ok_or(CheckError::NotAtRest)
    }

    async fn caught_up(&self) -> Result<(), CheckError> {
        let filled = async {
            self.pipeline.settled().await?;
            while !self.pipeline.is_filled() || !self.pipeline.is_erased() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        };
        timeout(CATCH_UP, filled).await.map_err(|_| CheckError::Behind)?
    }

    async fn compare(&self, sites: &[Arc<Site>], pace: Pace) -> Result<BTreeSet<Difference>, CheckError> {
        let mut differences = BTreeSet::new();
        for site in sites {
            let definitions = self.definitions(site.id).await?;
            differences.extend(self.store.verify(site, &definitions, pace).await?);
        }
        Ok(differences)
    }

    async fn definitions(&self, site: SiteId) -> Result<Vec<Definition>, StoreError> {
        let all = self.meta.definitions().await?.into_iter().map(|record| record.definition);
        Ok(all.filter(|definition| definition.site == site).collect())
    }
}

/// Whether there are more differences of a view and site than are listed, so that what is not listed
/// again may be there all the same.
fn is_cut(found: &BTreeSet<Difference>) -> bool {
    let mut lengths: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for difference in found {
        *lengths.entry((&difference.view, &difference.site)).or_default() += 1;
    }
    lengths.values().any(|length| *length >= LISTED)
}

impl Checked {
    fn new(sites: usize, found: BTreeSet<Difference>) -> Self {
        let mut checked = Self { sites, ..Self::default() };
        checked.counts = opentrace_store::verify::VIEWS.iter().map(|view| (*view, 0)).collect();
        let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
        for difference in found {
            if let Some(count) = checked.counts.get_mut(difference.view.as_str()) {
                *count += 1;
            }
            let told = told.entry((difference.view.clone(), difference.site.clone())).or_default();
            *told += 1;
            if *told <= TOLD {
                checked.differences.push(difference);
            }
        }
        checked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(count: usize) -> BTreeSet<Difference> {
        let row = |n: usize| Difference {
            view: "sessions".to_owned(),
            site: "a.example".to_owned(),
            row: format!("({n})"),
            stored: true,
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn many_differences_are_counted_and_some_told() {
        let checked = Checked::new(1, differences(TOLD + 50));
        assert_eq!(checked.differences.len(), TOLD);
        assert_eq!(checked.counts["sessions"], (TOLD + 50) as u64);
        assert_eq!(checked.counts["traffic"], 0);
    }

    #[test]
    fn a_list_that_is_full_may_be_cut() {
        assert!(!is_cut(&differences(LISTED - 1)));
        assert!(is_cut(&differences(LISTED)));
    }
}
