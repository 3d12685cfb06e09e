//! Erasures as somebody asks for them: kept until they are done, then answered by a signed receipt.
//!
//! The pipeline does the work. Here is what stands around it: a request is in the metadata database
//! before the pipeline hears of it, is told to it again after a restart, and becomes a receipt once
//! the pipeline reports. The receipt holds a digest of the identifier and nothing else about whom.

mod receipt;
mod signer;

use std::sync::Arc;
use std::time::Duration;

use opentrace_events::{Site, SiteId, Sites, VisitorId};
use opentrace_pipeline::{Erased, Erasure, ErasureState, Pipeline};
use opentrace_store::meta::ErasureRecord;
use opentrace_store::{Meta, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

pub use self::receipt::{Receipt, Stage};
pub use self::signer::Signer;
use crate::clock;

/// How often it is looked whether something got further, beside being told.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Takes erasures and gives receipts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    meta: Meta,
    pipeline: Pipeline,
    sites: Sites,
    signer: Arc<Signer>,
    /// Counts receipts, so that who waits for one looks again.
    given: watch::Sender<u64>,
}

/// Who is meant.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The kind of identifier: `user_id`, `anonymous_id` or `visitor`.
    pub kind: &'static str,
    pub identifier: &'a str,
}

impl Desk {
    pub fn new(meta: Meta, pipeline: Pipeline, sites: Sites, signer: Signer) -> Self {
        Self { meta, pipeline, sites, signer: Arc::new(signer), given: watch::Sender::new(0) }
    }

    /// Takes an erasure. It is durable on return and will be done, whatever happens.
    pub async fn ask(
        &self,
        site: &Site,
        subject: Subject<'_>,
        visitors: Vec<VisitorId>,
    ) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        let record = ErasureRecord {
            id,
            site: site.id,
            subject: subject.kind.to_owned(),
            digest: digest(id, subject),
            visitors,
            requested_at: clock::now().0,
            receipt: None,
        };
        self.meta.insert_erasure(&record).await?;
        self.pipeline.erase(Erasure { id, site: site.id, visitors: record.visitors, before: None });
        Ok(id)
    }

    /// Waits until an erasure is done, but not for ever.
    pub async fn wait(&self, id: Uuid, patience: Duration) -> Result<Option<Receipt>, StoreError> {
        let mut given = self.given.subscribe();
        let done = async {
            loop {
                let receipt = self.receipt(id).await?;
                match receipt {
                    Some(receipt) if receipt.stage != Stage::Complete => {}
                    done => return Ok::<_, StoreError>(done),
                }
                let _ = timeout(LOOK_AGAIN, given.changed()).await;
            }
        };
        match timeout(patience, done).await {
            Ok(done) => done,
            Err(_) => self.receipt(id).await,
        }
    }

    /// The receipt of an erasure as far as it has come.
    pub async fn receipt(&self, id: Uuid) -> Result<Option<Receipt>, StoreError> {
        Ok(self.meta.erasure(id).await?.map(|record| self.shown(&record)))
    }

    /// The receipts of a site, the newest first.
    pub async fn receipts(&self, site: SiteId, limit: u32) -> Result<Vec<Receipt>, StoreError> {
        Ok(self.meta.erasures(site, limit).await?.iter().map(|record| self.shown(record)).collect())
    }

    /// Gives receipts for what the pipeline has done. Runs as long as the program.
    pub async fn run(self) {
        let mut changes = self.pipeline.erasures();
        let mut told = false;
        loop {
            changes.mark_unchanged();
            match self.give_receipts(&mut told).await {
                Ok(()) => {}
                Err(error) => tracing::error!(%error, "erasures wait: the metadata database failed"),
            }
            let _ = timeout(LOOK_AGAIN, changes.changed()).await;
        }
    }

    async fn give_receipts(&self, told: &mut bool) -> Result<(), StoreError> {
        for record in self.meta.open_erasures().await? {
            match self.pipeline.erasure(record.id) {
                Some(ErasureState::Done(erased)) => self.finish(&record, &erased).await?,
                Some(_) => {}
                // Asked for before a restart, and not yet durable in the pipeline then. Later it is
                // not told twice: what it forgets has its receipt.
                None if !*told => {
                    let ErasureRecord { id, site, visitors, .. } = record;
                    self.pipeline.erase(Erasure { id, site, visitors, before: None });
                }
                None => {}
            }
        }
        *told = true;
        Ok(())
    }

    async fn finish(&self, record: &ErasureRecord, erased: &Erased) -> Result<(), StoreError> {
        let receipt = Receipt::of(record, &self.domain(record.site)).complete(erased);
        let signed = self.signer.sign(&receipt);
        self.meta.finish_erasure(record.id, &signed).await?;
        if let Err(error) = self.pipeline.forget_erasure(record.id) {
            tracing::warn!(%error, "a report is kept longer than needed");
        }
        self.given.send_modify(|given| *given += 1);
        Ok(())
    }

    fn shown(&self, record: &ErasureRecord) -> Receipt {
        if let Some(receipt) = record.receipt.as_deref().and_then(Receipt::read) {
            return receipt;
        }
        let receipt = Receipt::of(record, &self.domain(record.site));
        match self.pipeline.erasure(record.id) {
            Some(ErasureState::Removing(epoch)) => receipt.removing(epoch),
            _ => receipt,
        }
    }

    fn domain(&self, site: SiteId) -> String {
        self.sites.get(site).map(|site| site.domain.clone()).unwrap_or_default()
    }
}

/// By which somebody who knows the identifier can prove that a receipt is about it: BLAKE3 of the
/// receipt's id, the kind and the identifier, each with its length before it.
fn digest(id: Uuid, subject: Subject<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [id.to_string().as_bytes(), subject.kind.as_bytes(), subject.identifier.as_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}
