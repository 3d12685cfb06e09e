//! Plans: what is kept of a site, and by which calendar.
//!
//! Settings and definitions are changed by people at any moment, but an epoch must give the same rows
//! however often it is computed. So a changed plan comes into force with an epoch, is bound to it in
//! the journal, and what the plan means for single events (conditions, days) follows from the epoch
//! alone. History before that epoch is counted beside the running dataflow ([`tasks`](crate::tasks)).

use std::sync::Arc;

use hashbrown::HashMap;
use jiff::tz::TimeZone;
use opentrace_events::define::{
    Attribute, BadPattern, Condition, Definition, Matcher, Measure, Order, Period, Spec, Subject,
};
use opentrace_events::{Site, SiteId};
use opentrace_operators as operators;
use opentrace_operators::{FunnelSpec, Installed, Mark, Marks, RetentionSpec};
use serde::{Deserialize, Serialize};

/// Everything about a site that decides what its views hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SitePlan {
    pub site: SiteId,
    /// Numbers these settings; another number where one of them differs, also from earlier ones.
    pub calendar: u32,
    /// An IANA name.
    pub timezone: String,
    /// 0 is Monday.
    pub week_start: i8,
    pub currency: String,
    pub definitions: Vec<Definition>,
}

/// Why a plan cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("a site's definitions can have {} different conditions in all", Mark::COUNT)]
    TooManyConditions,
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    #[error("`{0}` is no time zone")]
    Zone(String),
}

impl SitePlan {
    /// The plan of a site with these definitions.
    pub fn new(site: &Site, definitions: Vec<Definition>) -> Self {
        Self {
            site: site.id,
            calendar: site.calendar,
            timezone: site.timezone.iana_name().unwrap_or("UTC").to_owned(),
            week_start: site.week_start.to_monday_zero_offset(),
            currency: site.currency.clone(),
            definitions,
        }
    }

    /// Whether the plan can be kept.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn check(&self) -> Result<(), PlanError> {
        InForce::new(self.clone()).map(|_| ())
    }
}

/// A plan made ready for events.
#[derive(Debug)]
pub(crate) struct InForce {
    pub plan: SitePlan,
    pub zone: TimeZone,
    pub week_start: u8,
    /// What the dataflow is told of the definitions.
    pub installed: Vec<Installed>,
    /// One per mark, in order.
    matchers: Vec<Matcher>,
    /// Columns of events that conditions look at.
    columns: Vec<&'static str>,
}

impl InForce {
    pub(crate) fn new(plan: SitePlan) -> Result<Self, PlanError> {
        let mut numbers = Numbers::default();
        let mut installed = Vec::with_capacity(plan.definitions.len());
        for definition in &plan.definitions {
            installed.push(Installed {
                site: plan.site.0,
                id: operators::DefinitionId(definition.id.0),
                definition: numbers.definition(&definition.spec)?,
            });
        }
        let matchers = numbers.conditions.iter().map(Matcher::new).collect::<Result<Vec<_>, _>>()?;
        let mut columns = Vec::new();
        for condition in &numbers.conditions {
            condition.comparisons(&mut |comparison| columns.push(column_of(&comparison.attribute)));
        }
        columns.sort_unstable();
        columns.dedup();
        let zone = TimeZone::get(&plan.timezone).map_err(|_| PlanError::Zone(plan.timezone.clone()))?;
        let week_start = u8::try_from(plan.week_start).unwrap_or(0);
        Ok(Self { plan, zone, week_start, installed, matchers, columns })
    }

    /// Columns of stored events that conditions look at, beside name and revenue.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        self.columns.clone()
    }

    /// Whether a condition looks at properties.
    pub(crate) fn reads_props(&self) -> bool {
        self.columns.contains(&"props")
    }

    /// The conditions an event meets.
    pub(crate) fn marks(&self, subject: &impl Subject) -> Marks {
        let met = self.matchers.iter().enumerate().filter(|(_, matcher)| matcher.matches(subject));
        met.filter_map(|(number, _)| Mark::new(number)).collect()
    }
}

fn column_of(attribute: &Attribute) -> &'static str {
    match attribute {
        Attribute::Name | Attribute::Goal => "name",
        Attribute::Path => "path",
        Attribute::Property(_) => "props",
        Attribute::Visit(column) => column.column(),
    }
}

/// Gives equal conditions the same mark.
#[derive(Default)]
struct Numbers {
    conditions: Vec<Condition>,
}

impl Numbers {
    fn mark(&mut self, condition: &Condition) -> Result<Mark, PlanError> {
        let place = self.conditions.iter().position(|held| held == condition).unwrap_or_else(|| {
            self.conditions.push(condition.clone());
            self.conditions.len() - 1
        });
        Mark::new(place).ok_or(PlanError::TooManyConditions)
    }

    fn definition(&mut self, spec: &Spec) -> Result<operators::Definition, PlanError> {
        Ok(match spec {
            Spec::Goal { event } => operators::Definition::Goal(self.mark(event)?),
            Spec::Funnel { steps, order, window_ms } => {
                let steps = steps.iter().map(|step| self.mark(&step.event)).collect::<Result<_, _>>()?;
                let order = match order {
                    Order::Ordered => operators::Order::Ordered,
                    Order::Strict => operators::Order::Strict,
                    Order::Any => operators::Order::Any,
                };
                operators::Definition::Funnel(FunnelSpec { steps, order, window_ms: *window_ms })
            }
            Spec::Retention { start, back, period } => {
                let period = match period {
                    Period::Day => operators::Period::Day,
                    Period::Week => operators::Period::Week,
                    Period::Month => operators::Period::Month,
                };
                let (start, back) = (self.mark(start)?, self.mark(back)?);
                operators::Definition::Retention(RetentionSpec { start, back, period })
            }
            Spec::Series { event, measure } => {
                let measure = match measure {
                    Measure::Events => operators::Measure::Events,
                    Measure::Revenue => operators::Measure::Revenue,
                    Measure::Visitors => operators::Measure::Visitors,
                };
                operators::Definition::Series { of: self.mark(event)?, measure }
            }
        })
    }
}

/// The plans in force at an epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    sites: HashMap<SiteId, Arc<InForce>>,
    calendars: Arc<HashMap<u32, u32>>,
}

impl Book {
    /// The plan of a site. A site without one has UTC days, weeks from Monday and no definitions.
    pub(crate) fn of(&self, site: SiteId) -> Option<&Arc<InForce>> {
        self.sites.get(&site)
    }

    /// The number of each site's calendar.
    pub(crate) fn calendars(&self) -> Arc<HashMap<u32, u32>> {
        Arc::clone(&self.calendars)
    }

    /// Puts a plan into force; returns the one it takes the place of.
    pub(crate) fn put(&mut self, plan: Arc<InForce>) -> Option<Arc<InForce>> {
        let mut calendars = (*self.calendars).clone();
        calendars.insert(plan.plan.site.0, plan.plan.calendar);
        self.calendars = Arc::new(calendars);
        self.sites.insert(plan.plan.site, plan)
    }
}
