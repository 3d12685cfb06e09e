//! Rules as people ask for them: made, changed, removed, muted, simulated; and what they do with alerts.

use std::cell::RefCell;
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use opentrace_alerts::bands::Models;
use opentrace_alerts::evaluate::{
    Command, Evaluator, OpeningId, Saved, State, Transition, TransitionKind, simulate,
};
use opentrace_alerts::guard::VaultError;
use opentrace_alerts::rule::{Duration, Rule, RuleError, RuleId, draft};
use opentrace_alerts::series::Key;
use opentrace_events::{Site, SiteId};
use opentrace_pipeline::Epoch;
use opentrace_store::StoreError;
use opentrace_store::meta::{AlertRuleRecord, AlertRuleWrite};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Alerts;
use super::asked::Asked;
use super::bench::{Bench, Change, Known, at};
use super::defined::Defined;
use super::names::Names;
use super::seed;
use super::whom::Whom;
use crate::clock;

/// Rules of a site.
const MOST: usize = 20_000;
/// How long a change of rules waits for what is on its way.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// A simulation judges so many minutes at most.
const LONGEST_SIMULATION: i64 = 31 * 86_400;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the secrets of channels cannot be kept: {0}")]
    Vault(#[from] VaultError),
    #[error("there is no such {what}")]
    Unknown { what: &'static str },
    #[error("what is on its way to the views takes too long")]
    Busy,
}

/// A rule as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct RuleView {
    pub id: Uuid,
    /// What it was asked for with.
    #[serde(flatten)]
    pub body: Map<String, Value>,
    pub open: Vec<OpenAlert>,
    /// What breaks the rule, but not yet for as long as it asks, or finds no room.
    pub pending: Vec<PendingAlert>,
    /// Milliseconds since 1970; nobody is told before. `None` where it is not muted by hand.
    pub muted_until: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    /// Why it is not judged, or which of its channels are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// An alert that is open.
#[derive(Clone, Debug, Serialize)]
pub struct OpenAlert {
    pub opening: OpeningId,
    pub state: &'static str,
    pub group: Option<String>,
    pub value: f64,
    pub started_at: jiff::Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
}

/// An alert that there may be soon.
#[derive(Clone, Debug, Serialize)]
pub struct PendingAlert {
    pub group: Option<String>,
    pub since: jiff::Timestamp,
}

/// When a rule would have fired.
#[derive(Clone, Debug, Serialize)]
pub struct Simulated {
    pub from: jiff::Timestamp,
    pub to: jiff::Timestamp,
    pub fired: usize,
    pub alerts: Vec<SimulatedAlert>,
}

/// An alert that there would have been.
#[derive(Clone, Debug, Serialize)]
pub struct SimulatedAlert {
    pub started_at: jiff::Timestamp,
    /// `None` where it would still be open.
    pub resolved_at: Option<jiff::Timestamp>,
    pub group: Option<String>,
    pub value: f64,
    pub band: Option<opentrace_alerts::evaluate::Band>,
}

impl Alerts {
    /// Reads rules and where their alerts stand.
    pub(super) async fn load_rules(&self) -> Result<(), StoreError> {
        let progress = self.shared.meta.alert_progress().await?;
        let records = self.shared.meta.alert_rules().await?;
        let mut bench = self.shared.bench.lock().await;
        (bench.turn, bench.epoch) = (progress.turn, progress.epoch);
        let mut defined: HashMap<SiteId, Defined> = HashMap::new();
        for record in &records {
            let site = match defined.entry(record.site) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(free) => free.insert(self.defined(record.site).await?),
            };
            match self.resolve(&mut bench, record, site) {
                Ok(known) => drop(bench.rules.insert(known.rule.id, known)),
                Err(error) => {
                    tracing::warn!(rule = %record.id, %error, "a rule cannot be judged");
                    bench.problems.insert(RuleId(record.id), error.to_string());
                }
            }
        }
        let rules: Vec<Arc<Rule>> = bench.rules.values().map(|known| Arc::clone(&known.rule)).collect();
        let mut saved = Vec::new();
        for row in self.shared.meta.alert_states().await? {
            let state = row.state.as_deref().map(serde_json::from_str::<State>);
            match (row.rule.parse(), state) {
                (Ok(rule), Some(Ok(state))) => {
                    saved.push(Saved { rule: RuleId(rule), key: Key::from(row.key.as_str()), state });
                }
                _ => tracing::error!(rule = row.rule, "the state of an alert does not read back"),
            }
        }
        let mutes = records.iter().map(|record| (RuleId(record.id), record.muted_until));
        bench.evaluator = Evaluator::restore(rules, saved, mutes);
        let mut watching = self.watching();
        watching.wanted = !bench.rules.is_empty();
        watching.sessions = bench.tallies.all_visits().next().is_some();
        Ok(())
    }

    fn resolve(
        &self,
        bench: &mut Bench,
        record: &AlertRuleRecord,
        defined: &Defined,
    ) -> Result<Known, RuleError> {
        let body: Value =
            serde_json::from_str(&record.body).map_err(|error| RuleError::new("body", error.to_string()))?;
        let mut draft = draft(&body)?;
        // A site may have another domain by now.
        if let Some(site) = self.shared.sites.get(record.site) {
            draft.target.site.clone_from(&site.domain);
        }
        let names = Names {
            sites: &self.shared.sites,
            definitions: &defined.definitions,
            vocabulary: &defined.vocabulary,
            tallies: RefCell::new(&mut bench.tallies),
        };
        let rule = draft.resolve(RuleId(record.id), record.created_at, &names)?;
        let asked = Asked::of(&draft, &defined.definitions, record.site);
        let whom = Whom::of(&draft.channels, &self.shared.channels.names(), record.site);
        Ok(Known { rule: Arc::new(rule), draft, asked, whom })
    }

    /// Makes a rule, or gives one another body, on a site whose domain the body names.
    ///
    /// # Errors
    /// The first field that is wrong, and those of the metadata database.
    pub async fn put_rule(
        &self,
        id: Option<Uuid>,
        site: &Site,
        mut body: Map<String, Value>,
    ) -> Result<RuleView, AlertError> {
        body.insert("site_id".to_owned(), Value::from(site.domain.as_str()));
        let held = match id {
            Some(id) => self.shared.meta.alert_rule(id).await?,
            None => None,
        };
        let record = AlertRuleRecord {
            id: id.unwrap_or_else(Uuid::now_v7),
            site: site.id,
            name: String::new(),
            body: Value::Object(body).to_string(),
            muted_until: held.as_ref().map_or(0, |held| held.muted_until),
            created_at: held.as_ref().map_or_else(|| clock::now().0, |held| held.created_at),
            updated_at: clock::now().0,
        };
        let defined = self.defined(site.id).await?;
        self.get_sessions_for(&record, &defined).await?;
        let mut bench = self.shared.bench.lock().await;
        if id.is_none() && bench.rules.values().filter(|known| known.rule.site == site.id.0).count() >= MOST {
            return Err(RuleError::new("site_id", format!("has {MOST} rules already")).into());
        }
        let known = match self.resolve(&mut bench, &record, &defined).and_then(Known::that_tells) {
            Ok(known) => known,
            Err(error) => {
                bench.tidy();
                return Err(error.into());
            }
        };
        let write = AlertRuleWrite::Put {
            id: record.id,
            site: site.id,
            name: known.rule.name.clone(),
            body: record.body.clone(),
            created_at: record.created_at,
        };
        if bench.rules.get(&known.rule.id).is_some_and(|held| held.is_judged_as(&known)) {
            bench.rules.insert(known.rule.id, known);
            self.judge_now(&mut bench, Change { writes: vec![write], ..Change::default() }).await;
        } else if let Err(error) = self.put_known(&mut bench, known, vec![write]).await {
            bench.tidy();
            return Err(error);
        }
        let view = view(&bench, &record);
        drop(bench);
        Ok(view)
    }

    /// Has sessions handed over with commits before a rule is judged that needs them, and waits for the commits
    /// that go without. Nothing waits for the bench meanwhile: a commit before them may.
    async fn get_sessions_for(&self, record: &AlertRuleRecord, defined: &Defined) -> Result<(), AlertError> {
        let mut trial = Bench::default();
        let _known = self.resolve(&mut trial, record, defined)?;
        if trial.tallies.all_visits().next().is_none() {
            return Ok(());
        }
        let without = {
            let mut watching = self.watching();
            watching.sessions = true;
            watching.without_sessions
        };
        self.visible(without).await
    }

    /// Has a rule judged from now on.
    async fn put_known(
        &self,
        bench: &mut Bench,
        known: Known,
        writes: Vec<AlertRuleWrite>,
    ) -> Result<(), AlertError> {
        let rule = Arc::clone(&known.rule);
        self.shared.models.forget(rule.id);
        let missed = {
            let mut watching = self.watching();
            watching.wanted = true;
            watching.missed
        };
        if bench.begun {
            let epoch = bench.epoch.max(missed);
            self.visible(epoch).await?;
            bench.epoch = epoch;
            self.seed(bench, &[(Arc::clone(&rule), None)], epoch).await?;
        }
        bench.problems.remove(&rule.id);
        let replaced = bench.rules.insert(rule.id, known);
        self.judge_now(bench, Change { commands: vec![Command::Put(rule)], writes, replaced }).await;
        bench.tidy();
        Ok(())
    }

    /// Waits until ClickHouse holds an epoch: what was handed over, or not, is there a moment later.
    async fn visible(&self, epoch: Epoch) -> Result<(), AlertError> {
        let Some(pipeline) = self.shared.pipeline.get() else { return Ok(()) };
        let mut progress = pipeline.progress();
        let reached = progress.wait_for(|progress| progress.epoch >= epoch);
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(_) => Ok(()),
            Err(_) => Err(AlertError::Busy),
        }
    }

    async fn judge_now(&self, bench: &mut Bench, change: Change) {
        let now = clock::now().0;
        let told = bench.judge(now, &[], change, &self.shared.models, &self.words());
        self.commit(told).await;
    }

    /// Has a rule judged no longer.
    async fn remove_known(&self, bench: &mut Bench, id: RuleId, writes: Vec<AlertRuleWrite>) {
        bench.problems.remove(&id);
        let replaced = bench.rules.remove(&id);
        self.judge_now(bench, Change { commands: vec![Command::Remove(id)], writes, replaced }).await;
        self.shared.models.forget(id);
        bench.tidy();
    }

    /// Removes a rule; its open alerts are resolved.
    ///
    /// # Errors
    /// [`AlertError::Unknown`].
    pub async fn delete_rule(&self, id: Uuid) -> Result<(), AlertError> {
        if self.shared.meta.alert_rule(id).await?.is_none() {
            return Err(AlertError::Unknown { what: "alert" });
        }
        let mut bench = self.shared.bench.lock().await;
        self.remove_known(&mut bench, RuleId(id), vec![AlertRuleWrite::Delete { id }]).await;
        Ok(())
    }

    /// Every rule that `may` be seen, oldest first.
    ///
    /// # Errors
    /// Those of the metadata database.
    pub async fn rules(&self, may: impl Fn(SiteId) -> bool) -> Result<Vec<RuleView>, AlertError> {
        let mut records = self.shared.meta.alert_rules().await?;
        records.retain(|record| may(record.site));
        let bench = self.shared.bench.lock().await;
        Ok(records.iter().map(|record| view(&bench, record)).collect())
    }

    /// A rule and its site.
    ///
    /// # Errors
    /// [`AlertError::Unknown`].
    pub async fn rule(&self, id: Uuid) -> Result<(RuleView, SiteId), AlertError> {
        let record = self.shared.meta.alert_rule(id).await?.ok_or(AlertError::Unknown { what: "alert" })?;
        let bench = self.shared.bench.lock().await;
        Ok((view(&bench, &record), record.site))
    }

    /// Tells nobody of a rule for a while, in milliseconds; 0 ends that.
    ///
    /// # Errors
    /// [`AlertError::Unknown`].
    pub async fn mute(&self, id: Uuid, length: i64) -> Result<i64, AlertError> {
        if self.shared.meta.alert_rule(id).await?.is_none() {
            return Err(AlertError::Unknown { what: "alert" });
        }
        let until = if length > 0 { clock::now().0 + length } else { 0 };
        let mut bench = self.shared.bench.lock().await;
        let commands = vec![Command::Mute { rule: RuleId(id), until }];
        let writes = vec![AlertRuleWrite::Mute { id, until }];
        self.judge_now(&mut bench, Change { commands, writes, replaced: None }).await;
        Ok(until)
    }

    /// Says that somebody looks after open alerts of a rule: the one named, or all. Returns how many.
    pub async fn acknowledge(&self, rule: Uuid, opening: Option<OpeningId>, by: &str) -> usize {
        let command = |saved: &Saved, opening| Command::Acknowledge {
            opening,
            rule: saved.rule,
            key: saved.key.clone(),
            by: by.to_owned(),
        };
        self.with_open(rule, opening, command).await
    }

    /// Resolves open alerts of a rule by hand: the one named, or all. Returns how many.
    pub async fn close_alerts(&self, rule: Uuid, opening: Option<OpeningId>) -> usize {
        let command =
            |saved: &Saved, opening| Command::Close { opening, rule: saved.rule, key: saved.key.clone() };
        self.with_open(rule, opening, command).await
    }

    async fn with_open(
        &self,
        rule: Uuid,
        only: Option<OpeningId>,
        command: impl Fn(&Saved, OpeningId) -> Command,
    ) -> usize {
        let mut bench = self.shared.bench.lock().await;
        let commands: Vec<Command> = bench
            .evaluator
            .open()
            .iter()
            .filter(|saved| saved.rule.0 == rule)
            .filter_map(|saved| Some((saved, saved.state.alert()?.opening)))
            .filter(|(_, opening)| only.is_none_or(|only| only == *opening))
            .map(|(saved, opening)| command(saved, opening))
            .collect();
        let count = commands.len();
        if count > 0 {
            self.judge_now(&mut bench, commands.into()).await;
        }
        count
    }

    /// The rule and site of an open alert.
    pub async fn find_open(&self, opening: OpeningId) -> Option<(Uuid, String)> {
        let bench = self.shared.bench.lock().await;
        let open = bench.evaluator.open();
        let saved =
            open.iter().find(|saved| saved.state.alert().is_some_and(|alert| alert.opening == opening))?;
        Some((saved.rule.0, bench.rules.get(&saved.rule)?.rule.name.clone()))
    }

    /// When a rule would have fired between two times (seconds since 1970).
    ///
    /// # Errors
    /// The first field that is wrong, and those of ClickHouse.
    pub async fn simulate(
        &self,
        site: &Site,
        mut body: Map<String, Value>,
        from: i64,
        to: i64,
    ) -> Result<Simulated, AlertError> {
        if from >= to || to - from > LONGEST_SIMULATION {
            return Err(RuleError::new("from", "must be before `to`, by 31 days at most").into());
        }
        body.insert("site_id".to_owned(), Value::from(site.domain.as_str()));
        let record = AlertRuleRecord {
            id: Uuid::nil(),
            site: site.id,
            name: String::new(),
            body: Value::Object(body).to_string(),
            muted_until: 0,
            created_at: 0,
            updated_at: 0,
        };
        let defined = self.defined(site.id).await?;
        let mut bench = Bench::default();
        let known = self.resolve(&mut bench, &record, &defined)?;
        // The whole of the stretch is read, whatever the rule needs of it while it is judged live.
        let start = from - known.rule.lookback();
        let (store, sites) = (&self.shared.store, &self.shared.sites);
        let rules = [(&*known.rule, Some(start))];
        let seeds = seed::read(store, sites, &bench.tallies, &rules, to, u64::MAX).await?;
        let judged = Arc::clone(&known.rule);
        let transitions =
            tokio::task::spawn_blocking(move || simulate(&judged, seeds.cells, from, to, &Models::at_once()));
        let transitions = transitions.await.map_err(|error| StoreError::Meta(error.to_string()))?;
        Ok(simulated(&known.rule, &transitions, from, to))
    }

    /// Looks up again what the rules of a site name, after something that they name was changed.
    pub async fn refresh(&self, site: SiteId) {
        let (Ok(records), Ok(defined)) = (self.shared.meta.alert_rules().await, self.defined(site).await)
        else {
            return;
        };
        let records: Vec<_> = records.iter().filter(|record| record.site == site).collect();
        for record in &records {
            // What is wrong with it is said below.
            let _ready = self.get_sessions_for(record, &defined).await;
        }
        let mut bench = self.shared.bench.lock().await;
        for record in records {
            let held = bench.rules.get(&RuleId(record.id)).map(|known| Arc::clone(&known.rule));
            match self.resolve(&mut bench, record, &defined) {
                Ok(known) if held.as_ref().is_some_and(|held| measures_as(held, &known.rule)) => {}
                Ok(known) => {
                    if let Err(error) = self.put_known(&mut bench, known, Vec::new()).await {
                        tracing::error!(rule = %record.id, %error, "a rule is judged by what it named before");
                    }
                }
                Err(error) => {
                    tracing::warn!(rule = %record.id, %error, "a rule cannot be judged any longer");
                    self.remove_known(&mut bench, RuleId(record.id), Vec::new()).await;
                    bench.problems.insert(RuleId(record.id), error.to_string());
                }
            }
        }
    }
}

/// Whether two versions of a rule are judged by the same numbers.
fn measures_as(a: &Rule, b: &Rule) -> bool {
    a.measure == b.measure && a.zone == b.zone
}

impl Known {
    /// The rule, if everybody whom it names is there.
    fn that_tells(self) -> Result<Self, RuleError> {
        match self.whom.lost.first() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    /// Whether another version of the rule differs in its name and in whom it tells at most: alerts that are open
    /// stay so.
    fn is_judged_as(&self, other: &Self) -> bool {
        let fields = |known: &Self| {
            let mut body = known.draft.body.as_object().cloned().unwrap_or_default();
            body.retain(|field, _| !["name", "channels"].contains(&field.as_str()));
            body
        };
        measures_as(&self.rule, &other.rule) && fields(self) == fields(other)
    }
}

fn view(bench: &Bench, record: &AlertRuleRecord) -> RuleView {
    let rule = RuleId(record.id);
    let known = bench.rules.get(&rule);
    let grouped = known.is_some_and(|known| known.rule.grouping.is_some());
    let states = bench.evaluator.states_of(rule);
    let group = |saved: &Saved| grouped.then(|| saved.key.as_str().to_owned());
    let pending = states.iter().filter_map(|saved| match saved.state {
        State::Pending { since } => Some(PendingAlert { group: group(saved), since: at(since) }),
        _ => None,
    });
    let open = states.iter().filter_map(|saved| {
        let alert = saved.state.alert()?;
        let (state, acknowledged_by) = match &saved.state {
            State::Acknowledged { by, .. } => ("acknowledged", Some(by.clone())),
            _ => ("firing", None),
        };
        Some(OpenAlert {
            opening: alert.opening,
            state,
            group: group(saved),
            value: alert.value,
            started_at: at(alert.started_at),
            acknowledged_by,
        })
    });
    let muted_until = bench.evaluator.muted_until(rule);
    RuleView {
        id: record.id,
        body: serde_json::from_str(&record.body).unwrap_or_default(),
        open: open.collect(),
        pending: pending.collect(),
        muted_until: (muted_until > clock::now().0).then_some(muted_until),
        created_at: record.created_at,
        updated_at: record.updated_at,
        problem: match known {
            Some(known) => known.whom.problem(),
            None => bench.problems.get(&rule).cloned(),
        },
    }
}

fn simulated(rule: &Rule, transitions: &[Transition], from: i64, to: i64) -> Simulated {
    let mut alerts: Vec<(OpeningId, SimulatedAlert)> = Vec::new();
    for transition in transitions {
        match transition.kind {
            TransitionKind::Firing => alerts.push((
                transition.alert.opening,
                SimulatedAlert {
                    started_at: at(transition.at),
                    resolved_at: None,
                    group: rule.grouping.as_ref().map(|_| transition.key.as_str().to_owned()),
                    value: transition.alert.value,
                    band: transition.alert.band,
                },
            )),
            TransitionKind::Resolved { .. } => {
                let opening = transition.alert.opening;
                if let Some((_, alert)) = alerts.iter_mut().find(|(known, _)| *known == opening) {
                    alert.resolved_at = Some(at(transition.at));
                }
            }
            TransitionKind::Announced | TransitionKind::Acknowledged { .. } => {}
        }
    }
    let alerts: Vec<SimulatedAlert> = alerts.into_iter().map(|(_, alert)| alert).collect();
    Simulated { from: at(from * 1000), to: at(to * 1000), fired: alerts.len(), alerts }
}

/// A length of time in milliseconds, as people write it.
///
/// # Errors
/// [`RuleError`] of the field.
pub(crate) fn length(field: &str, text: &str) -> Result<i64, RuleError> {
    Duration::parse(field, text).map(Duration::millis)
}
