//! What the bench is told: commits of the pipeline, the time, and erasures that are done.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentrace_alerts::rule::Rule;
use opentrace_alerts::series::Cell;
use opentrace_events::{Event, SiteId};
use opentrace_pipeline::{Commit, CommitWatch, Epoch, SessionChange, State};
use opentrace_store::StoreError;
use tokio::sync::watch;
use tokio::time::sleep;

use super::bench::{Bench, Change};
use super::seed::{self, Seeds};
use super::tally::{Counts, Fact, Tallies};
use super::{Alerts, TROUBLE};
use crate::clock;

/// The clock is looked at so often at least and at most.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Alerts are ahead of what is recorded by the epochs of one commit at most, and those are few.
const MOST_AHEAD: Epoch = 256;

#[async_trait]
impl CommitWatch for Alerts {
    fn wants(&self, last: Epoch) -> bool {
        let mut watching = self.watching();
        if !watching.wanted {
            watching.missed = last;
        }
        watching.wanted
    }

    fn wants_sessions(&self, last: Epoch) -> bool {
        let mut watching = self.watching();
        if !watching.sessions {
            watching.without_sessions = last;
        }
        watching.sessions
    }

    async fn begin(&self, committed: Epoch) {
        let mut bench = self.shared.bench.lock().await;
        if bench.epoch > committed + MOST_AHEAD {
            tracing::warn!(judged = bench.epoch, committed, "epochs began anew: so do alerts");
            bench.epoch = committed;
        }
        if !bench.rules.is_empty() {
            let rules = bench.rules_of(None);
            // There is nothing to judge by before.
            while let Err(error) = self.seed(&mut bench, &rules, committed).await {
                tracing::warn!(%error, code = error.code(), "alerts wait for ClickHouse");
                sleep(TROUBLE).await;
            }
        }
        bench.begun = bench.epoch <= committed;
    }

    async fn take(&self, commit: Commit<'_>) {
        let mut bench = self.shared.bench.lock().await;
        // What is brought in from elsewhere counts, but is no news; nor is what was judged before a crash
        // and comes again, together with what was not.
        let judged = bench.epoch;
        let is_old = |(epoch, event): &(Epoch, &Event)| event.history || *epoch <= judged;
        let (old, new): (Vec<_>, Vec<_>) = commit.events.iter().copied().partition(is_old);
        let changed = commit.sessions.changes(|site| bench.tallies.counts_visits(site));
        let (was, is): (Vec<_>, Vec<_>) = changed.iter().partition(|change| change.epoch <= judged);
        let known = self.counted(&mut bench, &old, &was);
        bench.evaluator.seed(known);
        let mut cells = bench.cells_of(commit.series);
        cells.extend(self.counted(&mut bench, &new, &is));
        if commit.last <= bench.epoch {
            // Judged before a crash, and here again.
            bench.evaluator.seed(cells);
            bench.begun |= commit.last == bench.epoch;
            return;
        }
        bench.begun = true;
        bench.epoch = commit.last;
        let clock = clock::now().0;
        let newest = commit.events.iter().map(|(_, event)| event.received_at.0).max();
        let now = newest.map_or(clock, |at| at.min(clock));
        let told = bench.judge(now, &cells, Change::default(), &self.shared.models, &self.words());
        self.commit(told).await;
    }
}

impl Alerts {
    /// Counts events and visits for rules without a series of the dataflow, onto what is held.
    fn counted(
        &self,
        bench: &mut Bench,
        events: &[(Epoch, &Event)],
        changes: &[&SessionChange],
    ) -> Vec<Cell> {
        let mut counts = Counts::default();
        let moved = bench.visits.moved(changes.iter().copied());
        for (row, sign) in moved {
            let holds = |series, start| bench.visits.holds(series, start);
            bench.tallies.count_visit(row, sign, holds, &self.shared.sites, &mut counts);
        }
        for (_, event) in events {
            let fact = Fact {
                site: event.site,
                ts: event.ts.0,
                visitor: event.visitor,
                revenue: event.revenue,
                currency: &event.currency,
                scroll_depth: event.scroll_depth,
                engagement_ms: event.engagement_ms,
            };
            bench.tallies.count(fact, *event, &self.shared.sites, &mut counts, &mut bench.seen);
        }
        bench.seen.forget(clock::now().0.div_euclid(1000));
        counts.onto(bench.evaluator.cells())
    }

    /// Gives rules the past as it is stored up to an epoch.
    pub(super) async fn seed(
        &self,
        bench: &mut Bench,
        rules: &[(Arc<Rule>, Option<i64>)],
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        let rules: Vec<_> = rules.iter().map(|(rule, cause)| (&**rule, *cause)).collect();
        let now = clock::now().0.div_euclid(1000);
        let (store, sites) = (&self.shared.store, &self.shared.sites);
        let read = seed::read(store, sites, &bench.tallies, &rules, now, epoch).await?;
        let Seeds { cells, past, counted } = read;
        bench.past.extend(past);
        bench.take_counted(counted);
        bench.evaluator.seed(cells);
        Ok(())
    }

    /// Judges rules whose time has come, while nothing else does.
    pub(super) async fn tick(&self) {
        loop {
            let due = self.shared.bench.lock().await.evaluator.next_due();
            let wait = due.map_or(LONGEST, |at| {
                Duration::from_millis(u64::try_from(at - clock::now().0).unwrap_or_default())
            });
            sleep(wait.clamp(SHORTEST, LONGEST)).await;
            // While something is on its way, the clock is ahead of what is known.
            if !self.is_up_to_date() {
                continue;
            }
            let mut bench = self.shared.bench.lock().await;
            if bench.begun && bench.evaluator.next_due().is_some_and(|at| at <= clock::now().0) {
                let now = clock::now().0;
                let told = bench.judge(now, &[], Change::default(), &self.shared.models, &self.words());
                self.commit(told).await;
            }
        }
    }

    fn is_up_to_date(&self) -> bool {
        self.shared.pipeline.get().is_some_and(|pipeline| {
            let status = pipeline.status();
            status.state == State::Running && status.lag_events == 0
        })
    }

    /// Reads counts anew whenever an erasure is done: the events that were erased are not counted any
    /// longer, and alerts by them are taken back.
    pub(super) async fn reread_after(&self, mut erasures: watch::Receiver<u64>) {
        while erasures.changed().await.is_ok() {
            if let Err(error) = self.reread().await {
                tracing::error!(%error, "counts of alerts cannot be read anew");
            }
        }
    }

    async fn reread(&self) -> Result<(), StoreError> {
        let Some(pipeline) = self.shared.pipeline.get() else { return Ok(()) };
        let mut bench = self.shared.bench.lock().await;
        if !bench.begun || bench.rules.is_empty() {
            return Ok(());
        }
        let epoch = bench.epoch;
        let mut progress = pipeline.progress();
        // What was handed over is in ClickHouse a moment later.
        if progress.wait_for(|progress| progress.epoch >= epoch).await.is_err() {
            return Ok(());
        }
        let rules = bench.rules_of(None);
        let rules: Vec<_> = rules
            .iter()
            .filter(|(rule, _)| rule.measure.series().any(Tallies::is_one))
            .map(|(rule, cause)| (&**rule, Some(cause.unwrap_or(i64::MAX))))
            .collect();
        let now = clock::now().0.div_euclid(1000);
        let (store, sites) = (&self.shared.store, &self.shared.sites);
        let seeds = seed::read(store, sites, &bench.tallies, &rules, now, epoch).await?;
        let read = |site: u32, series, start: i64| {
            let from = seeds.counted.get(&SiteId(site)).map(|(from, _)| *from);
            Tallies::is_one(series) && from.is_some_and(|from| start >= from)
        };
        let mut cells = bench.evaluator.cells().vanished(&seeds.cells, read);
        bench.take_counted(seeds.counted);
        cells.extend(seeds.cells.into_iter().filter(|cell| Tallies::is_one(cell.series)));
        let told = bench.judge(now * 1000, &cells, Change::default(), &self.shared.models, &self.words());
        self.commit(told).await;
        Ok(())
    }
}
