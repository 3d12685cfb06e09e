//! Putting live models to use: what they say of every visitor, written to ClickHouse.

use std::collections::HashSet;

use compact_str::CompactString;
use opentrace_events::Site;
use opentrace_models::segment::Segments;
use opentrace_store::meta::ModelRecord;
use opentrace_store::{ClusterRow, ScoreRow};

use super::Models;
use super::drift::Profile;
use super::kind::Kind;
use super::learned::Learned;
use super::school::{TrainError, asked};
use super::table::features;

/// Visitors that are read, judged and written at once.
const AT_ONCE: u64 = 50_000;

impl Models {
    /// Writes what a version says of the site's visitors; answers of how many. Notes how it is spread where
    /// that was not noted before. A visitor is in one segment: that of the site's newest model of segments with
    /// a live version, and what others say is not written.
    pub(super) async fn apply(
        &self,
        model: &ModelRecord,
        site: &Site,
        version: u32,
    ) -> Result<u64, TrainError> {
        let (kind, _) = asked(&model.kind, &model.options)?;
        self.shared.meta.note_applied(model.id, crate::clock::now().0).await?;
        let said = match kind {
            Kind::Segments if !self.speaks(model, site).await? => return Ok(0),
            Kind::Segments => self.assign(model, site, version).await?,
            kind if kind.scores() => self.score(model, site, version).await?,
            _ => return Ok(0),
        };
        let folder = self.shared.registry.folder(&model.id.to_string(), version)?;
        let index = match Profile::read(&folder) {
            Some(profile) => profile.index(&said),
            None => {
                let profile = Profile::of(&said, kind == Kind::Segments);
                if let Err(error) = profile.keep(&folder) {
                    tracing::warn!(model = %model.id, %error, "the spread of what a model says is not kept");
                }
                None
            }
        };
        self.shared.drift.send_modify(|drift| {
            drift.insert(model.id, index);
        });
        Ok(said.len() as u64)
    }

    /// Whether the segments of a model are those of its site.
    async fn speaks(&self, model: &ModelRecord, site: &Site) -> Result<bool, TrainError> {
        let newest = self.newest_live(site, Kind::Segments).await?;
        Ok(newest.is_some_and(|(newest, _)| newest.id == model.id))
    }

    /// The newest model of a kind that has a live version, and the version.
    pub(super) async fn newest_live(
        &self,
        site: &Site,
        kind: Kind,
    ) -> Result<Option<(ModelRecord, u32)>, TrainError> {
        let mut models = self.shared.meta.models(Some(site.id)).await?;
        models.retain(|model| model.kind == kind.name());
        for model in models.into_iter().rev() {
            if let Some(version) = self.shared.registry.live(&model.id.to_string())? {
                return Ok(Some((model, version)));
            }
        }
        Ok(None)
    }

    /// Puts every visitor into a segment.
    async fn assign(&self, model: &ModelRecord, site: &Site, version: u32) -> Result<Vec<f64>, TrainError> {
        let store = &self.shared.store;
        let folder = self.shared.registry.folder(&model.id.to_string(), version)?;
        let Learned::Segments(segments) = Learned::load(&folder, Kind::Segments)? else {
            return Ok(Vec::new());
        };
        let epoch = store.latest_epoch().await?;
        let now = crate::clock::now().0;
        let (mut after, mut said) = (None, Vec::new());
        loop {
            let rows = store.visitors(site.id.0, after, AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.visitor);
            let whole = rows.len() < AT_ONCE as usize;
            let segments = segments.clone();
            let judged = move || {
                let ids = segments.assign(&features(&rows, now))?;
                Ok::<_, opentrace_models::Error>((rows, ids, segments))
            };
            let (rows, ids, segments) = self.work(judged).await??;
            let written: Vec<ClusterRow> = rows
                .iter()
                .zip(&ids)
                .map(|(row, id)| ClusterRow {
                    site_id: site.id.0,
                    visitor: row.visitor,
                    cluster: i32::try_from(*id).unwrap_or(i32::MAX),
                    name: name_of(&segments, *id),
                    model: CompactString::from(model.id.to_string()),
                    version,
                    epoch,
                    deleted: 0,
                })
                .collect();
            store.upsert_clusters(&written).await?;
            said.extend(ids.iter().map(|id| f64::from(*id)));
            if whole {
                break;
            }
        }
        Ok(said)
    }

    /// Gives a score to everybody a prediction is about, and takes it from everybody else.
    async fn score(&self, model: &ModelRecord, site: &Site, version: u32) -> Result<Vec<f64>, TrainError> {
        let store = &self.shared.store;
        let (kind, options) = asked(&model.kind, &model.options)?;
        let folder = self.shared.registry.folder(&model.id.to_string(), version)?;
        let Learned::Predictor(predictor) = Learned::load(&folder, kind)? else { return Ok(Vec::new()) };
        let epoch = store.latest_epoch().await?;
        let library = self.library(site);
        let rows = library.people(kind, &options, library.now.0).await?;
        let (now, about): (i64, Vec<u64>) = (library.now.0, rows.iter().map(|row| row.visitor).collect());
        let scores = self.work(move || predictor.predict(&features(&rows, now))).await??;
        let name = CompactString::from(model.id.to_string());
        let row = |visitor: u64, score: f64, deleted: u8| ScoreRow {
            site_id: site.id.0,
            visitor,
            model: name.clone(),
            kind: CompactString::from(kind.name()),
            version,
            score,
            epoch,
            deleted,
        };
        let before = store.scored(site.id.0, &name).await?;
        let told: HashSet<u64> = about.iter().copied().collect();
        let gone =
            before.into_iter().filter(|visitor| !told.contains(visitor)).map(|visitor| row(visitor, 0.0, 1));
        let mut written: Vec<ScoreRow> =
            about.iter().zip(&scores).map(|(visitor, score)| row(*visitor, score.prediction, 0)).collect();
        written.extend(gone);
        for rows in written.chunks(AT_ONCE as usize) {
            store.upsert_scores(rows).await?;
        }
        Ok(scores.into_iter().map(|score| score.prediction).collect())
    }
}

fn name_of(segments: &Segments, id: u32) -> CompactString {
    segments
        .segments
        .iter()
        .find(|segment| segment.id == id)
        .map_or_else(CompactString::default, |segment| segment.name.as_str().into())
}
