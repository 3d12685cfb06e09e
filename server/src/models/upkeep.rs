//! What goes on beside requests: models are trained anew when their time has come or the people have
//! changed, and what they say of visitors is brought up to date.

use std::time::Duration;

use opentrace_events::ids::DAY_MS;
use opentrace_store::StoreError;
use opentrace_store::meta::ModelRecord;
use tokio::time::{MissedTickBehavior, interval};

use super::Models;
use super::drift::DRIFTED;
use super::school::asked;
use crate::clock;

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(60);
/// How often what models say of visitors is written anew.
const REFRESHED_MS: i64 = DAY_MS / 4;

impl Models {
    /// Looks after models until the program ends.
    pub(super) async fn look_after(self) {
        let mut clock = interval(LOOK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            if let Err(error) = self.due().await {
                tracing::warn!(%error, "models are not looked after");
            }
        }
    }

    async fn due(&self) -> Result<(), StoreError> {
        for model in self.shared.meta.models(None).await? {
            let trainings = self.shared.meta.trainings(model.id, 1).await?;
            let Some(last) = trainings.first() else { continue };
            if !last.state.is_over() {
                continue;
            }
            let now = clock::now().0;
            if model.every_ms.is_some_and(|every| now - last.created_at >= every) {
                self.again(&model, "schedule").await;
                continue;
            }
            self.refresh(&model, now).await?;
        }
        Ok(())
    }

    /// Writes anew what a live model says, and trains it anew where that is spread otherwise than it was.
    async fn refresh(&self, model: &ModelRecord, now: i64) -> Result<(), StoreError> {
        let Ok((kind, _)) = asked(&model.kind, &model.options) else { return Ok(()) };
        if !kind.scores() && kind != super::Kind::Segments {
            return Ok(());
        }
        let before = self.shared.meta.applied_at(model.id).await?;
        if before.is_some_and(|before| now - before < REFRESHED_MS) {
            return Ok(());
        }
        let Some(site) = self.shared.sites.get(model.site) else { return Ok(()) };
        let Ok(Some(version)) = self.shared.registry.live(&model.id.to_string()) else { return Ok(()) };
        match self.apply(model, &site, version).await {
            Ok(_) => {
                let index = self.drift_of(model.id);
                if index.is_some_and(|index| index > DRIFTED) {
                    tracing::info!(model = %model.id, index, "people have changed: training anew");
                    self.again(model, "drift").await;
                }
            }
            Err(error) => tracing::warn!(model = %model.id, %error, "what a model says is not up to date"),
        }
        Ok(())
    }

    async fn again(&self, model: &ModelRecord, cause: &str) {
        if let Err(error) = self.train_again(model, cause).await {
            tracing::warn!(model = %model.id, %error, cause, "not trained anew");
        }
    }
}
