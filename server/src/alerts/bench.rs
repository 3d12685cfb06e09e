//! Where rules are judged: one at a time holds the bench.
//!
//! State: the evaluator and what it needs to be told, all of which is read back after a restart: rules and
//! where their alerts stand from the metadata, cells from ClickHouse.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use opentrace_alerts::bands::Models;
use opentrace_alerts::channel::{Graph, Message, Notice};
use opentrace_alerts::evaluate::{
    Command, Evaluator, Outcome, Reason, Saved, State, Transition, TransitionKind,
};
use opentrace_alerts::rule::{Draft, Rule, RuleId};
use opentrace_alerts::series::{Cell, Grain, Key, SeriesId};
use opentrace_events::Sites;
use opentrace_pipeline::Epoch;
use opentrace_store::meta::{AlertCommit, AlertHistoryRow, AlertMessage, AlertRuleWrite, AlertStateRow};
use opentrace_store::{GrainColumn, SeriesRow};
use serde_json::json;
use uuid::Uuid;

use super::asked::Asked;
use super::link::link;
use super::people::Seen;
use super::tally::Tallies;
use super::visits::Visits;
use super::whom::Whom;

/// A rule that is judged, and how it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) rule: Arc<Rule>,
    pub(super) draft: Draft,
    /// What it measures, as a query.
    pub(super) asked: Option<Asked>,
    pub(super) whom: Whom,
}

/// What is known of a channel where messages are made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// Whether it shows a graph.
    pub(super) graph: bool,
    /// The length in milliseconds of a stretch in which messages are collected.
    pub(super) digest: Option<i64>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Bench {
    pub(super) evaluator: Evaluator,
    pub(super) rules: HashMap<RuleId, Known>,
    /// Why rules are not judged.
    pub(super) problems: HashMap<RuleId, String>,
    pub(super) tallies: Tallies,
    /// Whom they have counted.
    pub(super) seen: Seen,
    /// What is known of visits that they count.
    pub(super) visits: Visits,
    /// What history came to for cells, which what the dataflow says does not hold.
    pub(super) past: HashMap<(u32, SeriesId, Grain, i64), i64>,
    pub(super) manners: HashMap<Uuid, Manner>,
    /// Of the last commit.
    pub(super) turn: u64,
    /// The newest epoch that was judged.
    pub(super) epoch: Epoch,
    /// The time of the last judgement, in milliseconds since 1970.
    pub(super) now: i64,
    /// Whether the cells of everything that was judged are there: those that ClickHouse held at the start,
    /// and those of epochs that were judged before a crash and came again.
    pub(super) begun: bool,
}

/// What somebody asked for.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) commands: Vec<Command>,
    pub(super) writes: Vec<AlertRuleWrite>,
    /// The rule as it was before, by which the ends of its alerts are told.
    pub(super) replaced: Option<Known>,
}

impl From<Vec<Command>> for Change {
    fn from(commands: Vec<Command>) -> Self {
        Self { commands, ..Self::default() }
    }
}

/// What is said of a turn to the outside.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) commit: AlertCommit,
    pub(super) channels: HashSet<Uuid>,
}

impl Bench {
    /// The cells of a commit, whole.
    pub(super) fn cells_of(&self, rows: &[SeriesRow]) -> Vec<Cell> {
        let cell = |row: &SeriesRow| {
            let (series, grain, start) = (SeriesId(row.series), grain_of(row.grain), i64::from(row.start));
            let past = self.past.get(&(row.site_id, series, grain, start)).copied().unwrap_or_default();
            Cell { site: row.site_id, series, grain, key: Key::whole(), start, value: row.value + past }
        };
        rows.iter().map(cell).collect()
    }

    /// Judges at a time; `None` where nothing follows from it.
    pub(super) fn judge(
        &mut self,
        now: i64,
        cells: &[Cell],
        change: Change,
        bands: &Models,
        words: &Words<'_>,
    ) -> Option<Told> {
        let Change { commands, writes, replaced } = change;
        self.now = self.now.max(now);
        self.hold();
        let turn = self.turn + 1;
        let outcome = match self.begun {
            true => self.evaluator.close(turn, self.now, cells, &commands, bands),
            false => self.evaluator.obey_only(turn, self.now, &commands),
        };
        if outcome.transitions.is_empty() && outcome.changed.is_empty() && writes.is_empty() {
            return None;
        }
        self.turn += 1;
        let mut told = Told::default();
        told.commit.turn = self.turn;
        told.commit.epoch = self.epoch;
        told.commit.rules = writes;
        told.commit.states = states(&outcome);
        for transition in &outcome.transitions {
            let reason = match transition.kind {
                TransitionKind::Resolved { reason } => Some(reason),
                _ => None,
            };
            let known = match reason {
                Some(Reason::RuleChanged | Reason::RuleRemoved) => replaced.as_ref(),
                _ => self.rules.get(&transition.rule),
            };
            if let Some(known) = known {
                self.tell(transition, known, words, &mut told);
            }
        }
        Some(told)
    }

    fn tell(&self, transition: &Transition, known: &Known, words: &Words<'_>, told: &mut Told) {
        let rule = &known.rule;
        let Some(site) = words.sites.get(opentrace_events::SiteId(rule.site)) else { return };
        let group = rule.grouping.as_ref().map(|_| transition.key.as_str());
        let cause = transition.alert.cause.instants(&rule.zone);
        let page = format!("{}/sites/{}", words.public_url, site.domain);
        let asked = known.asked.clone().map(|asked| asked.within(&known.draft, group));
        let url = link(&page, asked, cause, &rule.zone);
        let about = about(known);
        let metric = watched(known);
        let mut body = json!({
            "alert_id": rule.id,
            "name": rule.name,
            "condition": rule.condition.to_json(),
            "about": about,
            "metric": metric,
            "value": transition.alert.value,
            "band": transition.alert.band,
            "group": group,
            "opening": transition.alert.opening,
            "started_at": at(transition.alert.started_at),
            "window": { "from": at(cause.0 * 1000), "to": at(cause.1 * 1000) },
            "url": url,
        });
        match &transition.kind {
            TransitionKind::Resolved { reason } => body["reason"] = json!(reason),
            TransitionKind::Acknowledged { by } => body["by"] = json!(by),
            _ => {}
        }
        told.commit.history.push(AlertHistoryRow {
            rule: rule.id.to_string(),
            key: transition.key.as_str().to_owned(),
            kind: transition.kind.name().to_owned(),
            site: rule.site,
            opening: transition.alert.opening.0.to_string(),
            at: transition.at,
            body: body.to_string(),
        });
        let Some(notice) = Notice::of(transition, rule, &site.domain, &url) else { return };
        let channels = known.whom.channels.iter().filter_map(|id| Some((id, self.manners.get(&id.0)?)));
        for (channel, manner) in channels {
            let graph = manner
                .graph
                .then(|| Graph::of(rule, self.evaluator.cells(), &transition.key, &transition.alert));
            let message = Message {
                id: Notice::id(transition, *channel),
                opening: Some(transition.alert.opening),
                notice: notice.clone(),
                about: about.clone(),
                graph,
            };
            let Ok(body) = serde_json::to_string(&message) else { continue };
            told.commit.messages.push(AlertMessage {
                id: message.id,
                channel: channel.to_string(),
                opening: transition.alert.opening.0.to_string(),
                body,
                next_at: manner.digest.map_or(0, |length| (self.now / length + 1) * length),
            });
            told.channels.insert(channel.0);
        }
    }

    /// Lets go of counts that no rule needs.
    pub(super) fn tidy(&mut self) {
        let wanted: HashSet<SeriesId> =
            self.rules.values().flat_map(|known| known.rule.measure.series().collect::<Vec<_>>()).collect();
        self.tallies.retain(|series| wanted.contains(&series));
        self.visits.retain(|series| wanted.contains(&series));
    }

    /// Has rules over visits wait while visits are in doubt.
    fn hold(&mut self) {
        if self.visits.in_doubt.until() <= self.epoch {
            return self.evaluator.hold([]);
        }
        let doubted: HashSet<SeriesId> = self.tallies.all_visits().collect();
        let held = |rule: &Rule| rule.measure.series().any(|series| doubted.contains(&series));
        let rules = self.rules.values().filter(|known| held(&known.rule));
        self.evaluator.hold(rules.map(|known| known.rule.id));
    }
}

/// What the outside of a message is made of.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) sites: &'a Sites,
    pub(super) public_url: &'a str,
}

/// What a rule measures and when it is broken, in a few words.
pub(super) fn about(known: &Known) -> String {
    use opentrace_alerts::rule::Source;
    let source = match &known.draft.target.source {
        Source::Metric(metric) => metric.clone(),
        Source::Event(event) => return format!("event {event}"),
        Source::Query(query) => match query["metrics"][0].as_str() {
            Some(metric) => metric.to_owned(),
            None => "series".to_owned(),
        },
    };
    format!("{source} in {}, {}", known.rule.window, known.rule.condition.words())
}

/// The metric whose values a rule is about; `None` of a series or goal that is gone.
fn watched(known: &Known) -> Option<&str> {
    use opentrace_alerts::rule::Source;
    match &known.draft.target.source {
        Source::Metric(metric) => Some(metric),
        Source::Event(_) | Source::Query(_) => known.asked.as_ref().map(|asked| asked.metric.as_str()),
    }
}

fn states(outcome: &Outcome) -> Vec<AlertStateRow> {
    let row = |saved: &Saved| AlertStateRow {
        rule: saved.rule.to_string(),
        key: saved.key.as_str().to_owned(),
        state: Some(&saved.state)
            .filter(|state| !state.is_blank())
            .and_then(|state: &State| serde_json::to_string(state).ok()),
    };
    outcome.changed.iter().map(row).collect()
}

pub(super) fn at(millis: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default()
}

pub(super) fn grain_of(grain: GrainColumn) -> Grain {
    match grain {
        GrainColumn::Minute => Grain::Minute,
        GrainColumn::Hour => Grain::Hour,
        GrainColumn::Day => Grain::Day,
    }
}
