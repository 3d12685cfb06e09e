//! From what was read to the typed query: what is missing is filled in, what does not go together is
//! refused.

use serde_json::{Map, Value as Json, json};

use super::draft::{Against, Choices, Cond, Divide, Draft, Intent, Measure, Rank};
use super::lexicon::MEANS;
use super::time::calendar::{Span, Unit};
use super::{Around, context, reports};
use crate::catalogue::{self, Grain};

/// The group of visitors that the models put somebody in.
const CLUSTER: &str = "cluster";
/// Rows of a list whose length nobody said.
const LISTED: i64 = 10;
/// Days asked about where no time is said.
pub(crate) const USUAL_DAYS: i64 = 30;

/// Why there is no query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Refusal {
    /// Tokens that were not understood.
    pub(crate) unknown: Vec<usize>,
    pub(crate) why: String,
}

/// A query, and what explains it beside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settled {
    pub(crate) query: Map<String, Json>,
    /// No time was said.
    pub(crate) usual_time: bool,
    /// A forecast is of steps after the one in progress, not of what is left of a time.
    pub(crate) is_ahead: bool,
    /// The groups that were asked about, of those in the answer.
    pub(crate) focus: Vec<String>,
}

pub(crate) fn refuse(why: impl Into<String>) -> Refusal {
    Refusal { unknown: Vec::new(), why: why.into() }
}

/// A draft being settled.
pub(crate) struct Settling<'a> {
    pub(crate) draft: Draft,
    pub(crate) around: &'a Around<'a>,
    pub(crate) choices: &'a mut Choices,
    pub(crate) usual_time: bool,
    pub(crate) is_ahead: bool,
    pub(crate) focus: Vec<String>,
}

/// Settles a draft.
pub(crate) fn settle(draft: Draft, around: &Around<'_>, choices: &mut Choices) -> Result<Settled, Refusal> {
    if !draft.unknown.is_empty() {
        let why = draft.refusal.clone().unwrap_or_default();
        return Err(Refusal { unknown: draft.unknown, why });
    }
    if let (Some(at), true) = (draft.what_do, draft.intents.is_empty() && draft.divides.is_empty()) {
        return Err(Refusal { unknown: vec![at], why: "it is not said what is to be counted".to_owned() });
    }
    if let Some(why) = &draft.refusal {
        return Err(refuse(why.clone()));
    }
    let mut settling =
        Settling { draft, around, choices, usual_time: false, is_ahead: false, focus: Vec::new() };
    settling.comparatives()?;
    let query = match context::follow_up(&mut settling)? {
        Some(query) => query,
        None => settling.query()?,
    };
    let Settling { usual_time, is_ahead, focus, .. } = settling;
    Ok(Settled { query, usual_time, is_ahead, focus })
}

impl Settling<'_> {
    fn query(&mut self) -> Result<Map<String, Json>, Refusal> {
        if let Some(listed) = self.groups_listed()? {
            return Ok(listed);
        }
        self.deeds_in_order();
        match self.intent()? {
            Some(intent) => reports::report(self, intent),
            None => self.figures(),
        }
    }

    /// `which segments do we have`: the groups of visitors themselves.
    fn groups_listed(&self) -> Result<Option<Map<String, Json>>, Refusal> {
        let draft = &self.draft;
        let Some(groups) = draft.divides.iter().find(|divide| divide.name == CLUSTER) else {
            return Ok(None);
        };
        let about_people = draft.measures.iter().all(|measure| measure.weak) && draft.mentions.is_empty();
        let alone = draft.divides.len() == 1 && draft.conds.is_empty() && draft.times.is_empty();
        let plain =
            draft.intents.is_empty() && draft.rank.is_none() && draft.against.is_none() && !draft.share;
        if !groups.said && about_people && alone && plain {
            return Ok(Some(Map::from_iter([("kind".to_owned(), json!("segments"))])));
        }
        match catalogue::field(CLUSTER) {
            Some(_) => Ok(None),
            None => Err(refuse("figures by group of visitors are not kept")),
        }
    }

    /// `more … than` compares; without what it is compared with, it is a number nobody can filter by.
    fn comparatives(&mut self) -> Result<(), Refusal> {
        let draft = &mut self.draft;
        // `are more people using chrome or firefox`
        if !draft.comparatives.is_empty() && draft.versus.is_none() && draft.against.is_none() {
            let either = draft.conds.iter().find(|cond| cond.values.len() > 1 && !cond.negated);
            draft.versus = either.map(|cond| cond.dimension.clone());
        }
        let explained = draft.against.is_some() || draft.compare || draft.versus.is_some();
        if !draft.comparatives.is_empty() && !explained && !draft.intends(Intent::Insight) {
            return Err(Refusal { unknown: draft.comparatives.clone(), why: String::new() });
        }
        if draft.rank.is_some() && !draft.changes.is_empty() && !draft.intends(Intent::Insight) {
            return Err(Refusal {
                unknown: draft.changes.clone(),
                why: "an order by how much something changed cannot be asked for yet".to_owned(),
            });
        }
        let other = draft.intends(Intent::Insight)
            || draft.intends(Intent::Anomalies)
            || draft.intends(Intent::Forecast);
        if !draft.changes.is_empty() && !explained && !other {
            if draft.course {
                draft.trend = true;
                return Ok(());
            }
            // Whether something went up is a comparison with what was before.
            draft.against = Some(Against::Earlier(super::time::Earlier::Previous));
        }
        Ok(())
    }

    /// `viewed /pricing and then signed up` is a funnel.
    fn deeds_in_order(&mut self) {
        if !self.draft.then || !self.draft.steps.is_empty() {
            return;
        }
        let pages = self.draft.conds.iter().filter(|cond| cond.dimension == "event:page" && !cond.negated);
        let mut deeds: Vec<(usize, super::draft::Step)> = pages
            .filter_map(|cond| Some((cond.at, super::draft::Step::Page(cond.values.first()?.clone()))))
            .collect();
        deeds.extend(self.draft.mentions.iter().filter(|mention| !mention.negated).flat_map(|mention| {
            mention.names.iter().map(|name| (mention.at, super::draft::Step::Event(name.clone())))
        }));
        deeds.sort_by_key(|(at, _)| *at);
        if deeds.len() > 1 {
            self.draft.steps = deeds.into_iter().map(|(_, step)| step).collect();
            self.draft.conds.retain(|cond| cond.dimension != "event:page");
            self.draft.mentions.clear();
            self.draft.intend(Intent::Funnel);
        }
    }

    /// What kind of report is asked for; two that do not go together are refused.
    fn intent(&mut self) -> Result<Option<Intent>, Refusal> {
        let draft = &mut self.draft;
        if draft.then && draft.steps.is_empty() {
            return Err(refuse("an order of events was said, but not which events"));
        }
        if draft.ahead.is_some() && !draft.intends(Intent::Forecast) {
            draft.intend(Intent::Forecast);
        }
        // `converted right now`, `return … funnel`: the more particular wins where one implies the other.
        if draft.intends(Intent::Insight) {
            draft.intents.retain(|intent| *intent != Intent::Anomalies);
        }
        if draft.intends(Intent::Live) && draft.intents.len() > 1 {
            draft.intents.retain(|intent| *intent != Intent::Live);
        }
        match draft.intents.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(refuse("this asks for several reports at once")),
        }
    }

    /// The time asked about.
    pub(crate) fn range(&mut self) -> Result<Span, Refusal> {
        if self.draft.times.len() == 2
            && self.draft.against.is_none()
            && (self.draft.compare || !self.draft.changes.is_empty())
        {
            self.draft.against = Some(Against::Span(self.draft.times[1]));
            self.draft.times.truncate(1);
        }
        match self.draft.times.as_slice() {
            [] => {
                self.usual_time = true;
                self.around.clock.last(Unit::Day, USUAL_DAYS).ok_or_else(outside)
            }
            [one] => Ok(*one),
            _ => Err(refuse("two different times were said, and not how they go together")),
        }
    }

    /// What the time is compared with.
    pub(crate) fn compared(&mut self, range: Span) -> Result<Option<Span>, Refusal> {
        let against = match self.draft.against {
            Some(against) => against,
            None => return Ok(None),
        };
        earlier(self.around, against, range).map(Some).ok_or_else(outside)
    }

    pub(crate) fn iso(&self, span: Span) -> Json {
        let from =
            if span.from == 0 { self.around.vocabulary.words().earliest.unwrap_or(0) } else { span.from };
        json!(self.around.clock.iso(Span { from: from.min(span.to), ..span }))
    }

    /// Conditions as filters.
    pub(crate) fn filters(&mut self) -> Vec<Json> {
        let deeds = self.draft.mentions.iter().any(|mention| mention.verb) && self.draft.of_people()
            || !self.draft.mentions.is_empty();
        let people = self.draft.of_people();
        let viewed = self.draft.conds.iter().any(|cond| cond.dimension == "event:page" && !cond.negated);
        for cond in &mut self.draft.conds {
            // Whoever never saw a page has no event on it, which is more than having one elsewhere.
            let never =
                cond.negated && cond.dimension == "event:page" && people && (viewed || cond.behaviour);
            cond.behaviour = cond.behaviour && deeds && !cond.negated || never;
        }
        let mut filters: Vec<Json> = Vec::new();
        for cond in &self.draft.conds {
            let filter = cond.json();
            match filters.pop() {
                Some(before) if cond.or => filters.push(either(before, filter)),
                Some(before) => filters.extend([before, filter]),
                None => filters.push(filter),
            }
        }
        filters
    }

    /// Dimensions, time first.
    pub(crate) fn dimensions(&self) -> Vec<&Divide> {
        let time = |divide: &&Divide| catalogue::grain(&divide.name).is_some();
        let divides = &self.draft.divides;
        divides.iter().filter(time).chain(divides.iter().filter(|divide| !time(divide))).collect()
    }

    /// The metrics said: those that are more than a word for people, or that word.
    pub(crate) fn measures(&self) -> Vec<&'static str> {
        let strong: Vec<&Measure> = self.draft.measures.iter().filter(|measure| !measure.weak).collect();
        if !strong.is_empty() {
            return strong.into_iter().map(|measure| measure.name).collect();
        }
        self.draft.measures.first().map(|measure| measure.name).into_iter().collect()
    }

    /// Metrics and the filters that events stand for.
    pub(crate) fn counted(&mut self) -> Result<(Vec<&'static str>, Vec<Json>), Refusal> {
        let mut metrics = self.measures();
        if metrics.contains(&"conversions") {
            metrics = vec!["events"];
            self.need_goal();
        }
        let people_do = self.draft.of_people() || self.draft.of_visits() || self.draft.share;
        let rate = self.draft.rate
            || metrics.contains(&"conversion_rate")
            || self.draft.share && self.draft.mentions.iter().any(|mention| mention.verb);
        if rate {
            self.draft.share = false;
            if self.draft.mentions.is_empty() {
                self.need_goal();
            }
            if self.draft.mentions.is_empty() {
                return Err(refuse("a conversion rate needs to know which event counts as converting"));
            }
            metrics.retain(|metric| !matches!(*metric, "visitors" | "visits" | "conversion_rate"));
            metrics.insert(0, "conversion_rate");
        }
        let mentions = std::mem::take(&mut self.draft.mentions);
        let mut filters = Vec::new();
        let positive: Vec<_> = mentions.iter().filter(|mention| !mention.negated).collect();
        for mention in mentions.iter().filter(|mention| mention.negated) {
            filters.push(json!(["has_not_done", ["is", "event:goal", mention.names]]));
        }
        let done = positive.len() > 1 && positive.iter().all(|mention| mention.verb) && people_do;
        match positive.as_slice() {
            [] => {}
            [one] => {
                filters.push(json!(["is", "event:goal", one.names]));
                if one.apart {
                    self.draft.divide("event:goal", true, true);
                }
            }
            several if done => {
                filters.extend(
                    several.iter().map(|mention| json!(["has_done", ["is", "event:goal", mention.names]])),
                );
            }
            several => {
                let mut names: Vec<&String> = several.iter().flat_map(|mention| &mention.names).collect();
                names.dedup();
                let kinds =
                    several.iter().map(|mention| &mention.names).collect::<std::collections::HashSet<_>>();
                filters.push(json!(["is", "event:goal", names]));
                if kinds.len() > 1 {
                    return Err(refuse("two events were named, and not how they go together"));
                }
            }
        }
        let noun = positive.iter().any(|mention| !mention.verb);
        let only_people = metrics.iter().all(|metric| matches!(*metric, "visitors" | "visits"));
        if !positive.is_empty() && only_people && (noun || !people_do) {
            metrics = vec!["events"];
        }
        let negated_only = positive.is_empty() && !mentions.is_empty();
        if metrics.is_empty() && negated_only {
            metrics = vec!["visitors"];
        }
        self.draft.mentions = mentions;
        Ok((metrics, filters))
    }

    /// Where a goal is needed and none is said: the only one there is, or a choice.
    fn need_goal(&mut self) {
        if !self.draft.mentions.is_empty()
            || self.draft.divides.iter().any(|divide| divide.name == "event:goal")
        {
            return;
        }
        let goals = self.around.vocabulary.goals();
        let pick = match goals.len() {
            0 => return,
            1 => 0,
            several => self.choices.choose(several.min(6)),
        };
        self.draft.mentions.push(super::draft::Mention {
            names: vec![goals[pick].to_owned()],
            verb: false,
            apart: false,
            negated: false,
            at: 0,
        });
    }

    /// A table of figures.
    fn figures(&mut self) -> Result<Map<String, Json>, Refusal> {
        let bare = self.draft.measures.is_empty() && self.draft.mentions.is_empty();
        self.doing(bare);
        let pages =
            bare && self.draft.folder && !self.draft.conds.is_empty() && self.draft.divides.is_empty();
        if pages {
            self.draft.divide("event:page", true, true);
        }
        let bare = bare && self.draft.measures.is_empty();
        let asks = !bare
            || !self.draft.divides.is_empty()
            || self.draft.share
            || self.draft.versus.is_some()
            || self.draft.against.is_some() && !self.draft.times.is_empty()
            || self.draft.rank.is_some() && self.draft.folder;
        if !asks {
            return Err(refuse("it is not said what is to be counted"));
        }
        self.now_against_then();
        let range = self.range()?;
        let grains = self.draft.divides.iter().filter(|divide| catalogue::grain(&divide.name).is_some());
        if grains.count() > 1 {
            return Err(refuse("figures are by one length of time"));
        }
        if self.draft.trending
            && self
                .draft
                .divides
                .iter()
                .any(|divide| divide.name.contains(':') && catalogue::grain(&divide.name).is_none())
        {
            return Err(refuse("an order by how much something changed cannot be asked for yet"));
        }
        if range.from >= self.around.clock.now.0 {
            return Err(refuse("that time is still to come; a forecast can be asked for"));
        }
        let (mut metrics, events) = self.counted()?;
        self.stays(&mut metrics);
        self.values_against();
        if let Some(dimension) = self.draft.versus.take() {
            self.draft.divide(&dimension, true, true);
        }
        if self.draft.share {
            self.share(&mut metrics, !events.is_empty())?;
        }
        if self.draft.by_metric && self.draft.divides.is_empty() && self.draft.folder {
            self.draft.divide("event:page", true, true);
        }
        let rank = self.draft.rank.take();
        if let Some(rank) = &rank {
            self.ranked(rank, &mut metrics)?;
        }
        if metrics.is_empty() {
            let of_events = self
                .draft
                .divides
                .iter()
                .all(|divide| matches!(divide.name.as_str(), "event:goal" | "event:name"));
            metrics.push(if of_events && !self.draft.divides.is_empty() { "events" } else { "visitors" });
        }
        self.check_average(&metrics)?;
        let wants_points = self.draft.trend || self.draft.chart && self.draft.divides.is_empty();
        if wants_points && self.draft.grain().is_none() {
            let grain = self.around.clock.grain(range);
            self.draft.divide(grain.name(), true, true);
        }
        let compared = self.compared(range)?.or(self.compared_by_default(range)?);
        let mut filters = events;
        filters.extend(self.filters());
        let mut query = Map::new();
        query.insert("kind".to_owned(), json!("query"));
        query.insert("metrics".to_owned(), json!(metrics));
        query.insert("date_range".to_owned(), self.iso(range));
        let names: Vec<&str> = self.dimensions().into_iter().map(|divide| divide.name.as_str()).collect();
        query.insert("dimensions".to_owned(), json!(names));
        query.insert("filters".to_owned(), json!(filters));
        if let Some(rank) = rank {
            self.insert_rank(&mut query, &rank, metrics[0]);
        }
        if let Some(span) = compared {
            query.insert("compare".to_owned(), self.iso(span));
        }
        Ok(query)
    }

    /// `how is the spring sale doing` may be measured in several ways.
    fn doing(&mut self, bare: bool) {
        let draft = &self.draft;
        let alone = draft.divides.is_empty() && draft.versus.is_none() && draft.against.is_none();
        if bare && draft.doing && alone && !draft.conds.is_empty() && !draft.share {
            let readings = ["visitors", "bounce_rate", "total_revenue"];
            let name = readings[self.choices.choose(readings.len())];
            self.draft.measures.push(Measure { name, at: 0, weak: false });
        }
    }

    /// `more than last month` is about this month.
    fn now_against_then(&mut self) {
        let clock = self.around.clock;
        if let (true, Some(Against::Span(then))) = (self.draft.times.is_empty(), self.draft.against)
            && let Some((unit, 1)) = then.unit
            && clock.relative(unit, -1) == Some(then)
        {
            self.draft.times.extend(clock.relative(unit, 0));
        }
        // `week over week` is of this week.
        if let (true, Some(Against::Earlier(super::time::Earlier::By(unit, 1)))) =
            (self.draft.times.is_empty(), self.draft.against)
            && (Unit::Day..Unit::Year).contains(&unit)
        {
            self.draft.times.extend(clock.relative(unit, 0));
        }
    }

    /// `how do mobile and desktop compare` sets the values of a condition against each other.
    fn values_against(&mut self) {
        if !self.draft.compare || self.draft.against.is_some() || self.draft.versus.is_some() {
            return;
        }
        let several = self
            .draft
            .conds
            .iter()
            .find(|cond| cond.values.len() > 1 && !cond.negated && cond.operator == "is");
        self.draft.versus = several.map(|cond| cond.dimension.clone());
    }

    /// `compare …` with nothing to compare with means the time before.
    fn compared_by_default(&self, range: Span) -> Result<Option<Span>, Refusal> {
        let plain = self.draft.divides.is_empty() && self.draft.measures.len() < 2;
        if !self.draft.compare || !plain {
            return Ok(None);
        }
        self.around.clock.before(range).map(Some).ok_or_else(outside)
    }

    /// How long people stay is of a page where one is named, of the visit otherwise.
    fn stays(&self, metrics: &mut [&'static str]) {
        let of_page = self.draft.conds.iter().any(|cond| cond.dimension == "event:page" && !cond.negated);
        if self.draft.stays && of_page {
            for metric in metrics.iter_mut().filter(|metric| **metric == "visit_duration") {
                *metric = "time_on_page";
            }
        }
    }

    pub(crate) fn check_average(&self, metrics: &[&'static str]) -> Result<(), Refusal> {
        match self.draft.average {
            Some(at) if !metrics.iter().all(|metric| MEANS.contains(metric)) => Err(Refusal {
                unknown: vec![at],
                why: "an average of counts cannot be asked for yet".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// A share is the metric `percentage` of an attribute: the one said, or that of the last condition.
    fn share(&mut self, metrics: &mut Vec<&'static str>, of_events: bool) -> Result<(), Refusal> {
        if of_events || !metrics.iter().all(|metric| matches!(*metric, "visitors" | "visits")) {
            return Err(refuse("a share is of visitors"));
        }
        *metrics = vec!["percentage"];
        let untimed = self.draft.divides.iter().find(|divide| catalogue::grain(&divide.name).is_none());
        if let Some(divide) = untimed {
            let name = divide.name.clone();
            self.take_focus(&name);
            return Ok(());
        }
        let last = self
            .draft
            .conds
            .iter()
            .filter(|cond| cond.operator == "is" && !cond.negated && !cond.or)
            .max_by_key(|cond| cond.at);
        let Some(last) = last else { return Err(refuse("it is not said what the share is of")) };
        let name = last.dimension.clone();
        self.draft.divide(&name, false, true);
        self.take_focus(&name);
        Ok(())
    }

    /// A condition on what is divided by says which groups are looked at.
    fn take_focus(&mut self, dimension: &str) {
        let (focus, rest): (Vec<Cond>, Vec<Cond>) = std::mem::take(&mut self.draft.conds)
            .into_iter()
            .partition(|cond| cond.dimension == dimension && !cond.negated && cond.operator == "is");
        self.draft.conds = rest;
        self.focus.extend(focus.into_iter().flat_map(|cond| cond.values));
    }

    /// What is ordered, and by what.
    fn ranked(&mut self, rank: &Rank, metrics: &mut Vec<&'static str>) -> Result<(), Refusal> {
        if self.draft.divides.is_empty() && self.draft.folder {
            self.draft.divide("event:page", !self.draft.folder_one, true);
        }
        if self.draft.divides.is_empty() && metrics.as_slice() == ["events"] && self.draft.mentions.is_empty()
        {
            self.draft.divide("event:name", true, true);
        }
        if self.draft.divides.is_empty() {
            return Err(refuse("it is not said of what the top or bottom is asked for"));
        }
        let said = self.draft.measures.iter().any(|measure| !measure.weak) || !self.draft.mentions.is_empty();
        match rank.hint {
            Some(hint) if !said => *metrics = vec![hint],
            None if rank.good.is_some() && metrics.is_empty() => {
                let readings = ["visitors", "pageviews", "bounce_rate"];
                metrics.push(readings[self.choices.choose(readings.len())]);
            }
            _ => {}
        }
        if rank.descending.is_none() && rank.good.is_none() && rank.count.is_none() {
            return Err(refuse("the order is not clear"));
        }
        Ok(())
    }

    pub(crate) fn insert_rank(&self, query: &mut Map<String, Json>, rank: &Rank, metric: &str) {
        let descending = match (rank.descending, rank.good) {
            (Some(descending), _) => descending,
            (None, Some(good)) => good != (metric == "bounce_rate"),
            (None, None) => true,
        };
        let several = self.draft.divides.iter().any(|divide| divide.plural);
        let limit = rank.count.unwrap_or(if several { LISTED } else { 1 });
        let direction = if descending { "desc" } else { "asc" };
        query.insert("order_by".to_owned(), json!([[metric, direction]]));
        query.insert("pagination".to_owned(), json!({ "limit": limit }));
    }
}

pub(crate) fn outside() -> Refusal {
    refuse("the time lies outside the calendar")
}

/// The span that another is compared with.
pub(crate) fn earlier(around: &Around<'_>, against: Against, range: Span) -> Option<Span> {
    match against {
        Against::Span(span) => Some(span),
        Against::Earlier(super::time::Earlier::Previous) => around.clock.before(range),
        Against::Earlier(super::time::Earlier::By(unit, count)) => around.clock.earlier(range, unit, count),
    }
}

/// The unit of time of a grain.
pub(crate) fn unit_of(grain: Grain) -> Unit {
    match grain {
        Grain::Minute => Unit::Minute,
        Grain::Hour => Unit::Hour,
        Grain::Day => Unit::Day,
        Grain::Week => Unit::Week,
        Grain::Month => Unit::Month,
    }
}

fn either(before: Json, filter: Json) -> Json {
    match before {
        Json::Array(mut parts) if parts.first() == Some(&json!("or")) => {
            if let Some(Json::Array(inner)) = parts.get_mut(1) {
                inner.push(filter);
            }
            Json::Array(parts)
        }
        before => json!(["or", [before, filter]]),
    }
}
