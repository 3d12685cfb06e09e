//! Removing what is stored of people who were erased from the views.
//!
//! In steps that are each noted: counted, removed from every answer, storage rewritten, log
//! overwritten. After a crash the steps that were noted are not done again, so the report says what
//! was there, and not what a second attempt found.

use opentrace_events::Timestamp;
use opentrace_store::{ErasedRows, Forgotten};

use super::Runner;
use crate::coordinator::now_ms;
use crate::erasure::{Erased, Erasure};
use crate::error::PipelineError;
use crate::journal::Epoch;
use crate::retry::until_it_works;

impl Runner {
    /// Removes what people did before a time, from epochs before `epoch`, which is committed.
    pub(super) async fn forget_by_age(&self, erasure: &Erasure, before: Timestamp, epoch: Epoch) {
        let visitors: Vec<u64> = erasure.visitors.iter().map(|visitor| visitor.0).collect();
        let whose =
            Forgotten { site_id: erasure.site.0, visitors: &visitors, epoch, before_ms: Some(before.0) };
        until_it_works("erase rows by age", || self.store.erase_people(&whose)).await;
        tracing::debug!(site = whose.site_id, epoch, people = visitors.len(), "forgotten by age");
    }

    /// Removes everything from epochs before `epoch`, which is committed.
    pub(super) async fn erase(&mut self, erasure: &Erasure, epoch: Epoch) -> Result<(), PipelineError> {
        let (site, store) = (erasure.site.0, &self.store);
        let visitors: Vec<u64> = erasure.visitors.iter().map(|visitor| visitor.0).collect();
        let whose = Forgotten { site_id: site, visitors: &visitors, epoch, before_ms: None };
        let mut report = match self.journal.report(erasure.id)? {
            Some(report) => report,
            None => {
                // Nothing was committed since the start where there is no time.
                let corrected_at =
                    Some(self.committed.borrow().at_ms).filter(|at| *at > 0).unwrap_or_else(now_ms);
                let count = || store.count_people(&whose);
                let ErasedRows { events, sessions, features, funnels } =
                    until_it_works("count what is to be erased", count).await;
                Erased { epoch, events, sessions, features, funnels, corrected_at, ..Erased::default() }
            }
        };
        if report.rewritten_at > 0 {
            return Ok(());
        }
        self.journal.note(erasure.id, &report)?;
        until_it_works("erase rows", || store.erase_people(&whose)).await;
        self.erasures.rows_are_gone(erasure.id);
        if report.removed_at == 0 {
            report.removed_at = now_ms();
            self.journal.note(erasure.id, &report)?;
        }
        until_it_works("rewrite storage", || store.rewrite_erased()).await;
        let committed = self.committed.borrow().ends.clone();
        report.log_events = self.log.erase(erasure.site, &erasure.visitors, &committed).await?;
        report.rewritten_at = now_ms();
        self.journal.note(erasure.id, &report)?;
        tracing::info!(id = %erasure.id, site, epoch, events = report.events, "erased");
        Ok(())
    }
}
