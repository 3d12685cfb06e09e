//! The life of an alert: quiet → pending → firing → acknowledged → quiet again.
//!
//! What belongs to a stage is in its variant: there is no acknowledged alert without one that fired,
//! and none resolved that was not open.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::CORRECTABLE;
use super::judge::{Band, Verdict, View};
use crate::rule::{RuleId, Span};
use crate::series::Key;

/// Names one opening of an alert. The same rule, key and epoch always give the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpeningId(pub Uuid);

impl OpeningId {
    /// Of an alert that fires with an epoch.
    pub fn of(rule: RuleId, key: &Key, epoch: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(rule.0.as_bytes());
        hash.update(epoch.to_be_bytes());
        hash.update(key.as_str().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Why an alert is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The rule is no longer broken.
    Recovered,
    /// Later events or an erasure changed the window that broke it: in truth it never was.
    Retracted,
    /// By hand.
    Closed,
    RuleChanged,
    RuleRemoved,
}

impl Reason {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Recovered => "the rule is no longer broken",
            Self::Retracted => "what fired it was corrected or erased",
            Self::Closed => "closed by hand",
            Self::RuleChanged => "the rule was changed",
            Self::RuleRemoved => "the rule was removed",
        }
    }
}

/// An alert that is open, or was until its last transition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub opening: OpeningId,
    /// When the rule was first seen broken, in milliseconds since 1970.
    pub started_at: i64,
    /// The stretch that broke the rule.
    pub cause: Span,
    /// What was measured over it.
    pub value: f64,
    pub band: Option<Band>,
    /// Whether anybody was told; not so while the rule is muted.
    pub announced: bool,
}

/// Where a rule and key stand. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nothing may fire until the cooldown is over.
    Quiet {
        until: i64,
    },
    /// Broken, but not yet for as long as the rule asks.
    Pending {
        since: i64,
    },
    Firing(Alert),
    Acknowledged {
        alert: Alert,
        by: String,
        at: i64,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Quiet { until: 0 }
    }
}

/// A state that was reached, as it is kept. One that [is blank](State::is_blank) need not be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    pub rule: RuleId,
    pub key: Key,
    pub state: State,
}

/// What happened to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TransitionKind {
    Firing,
    /// It fired while the rule was muted, and is still open now that it is not.
    Announced,
    Acknowledged {
        by: String,
    },
    Resolved {
        reason: Reason,
    },
}

impl TransitionKind {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Announced => "announced",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Resolved { .. } => "resolved",
        }
    }
}

/// A step in the life of an alert. There is at most one of a kind for a rule, key and epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub rule: RuleId,
    pub site: u32,
    pub key: Key,
    pub epoch: u64,
    /// When the epoch was closed, in milliseconds since 1970.
    pub at: i64,
    pub kind: TransitionKind,
    /// Whether channels are told.
    pub notify: bool,
    pub alert: Alert,
}

/// The outcome of a step: where it leads, and what there is to say of it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) state: State,
    pub(super) event: Option<(Alert, TransitionKind, bool)>,
    /// The rule is broken, but too many of its alerts are open.
    pub(super) crowded: bool,
}

impl Step {
    fn to(state: State) -> Self {
        Self { state, event: None, crowded: false }
    }

    fn resolved(alert: Alert, reason: Reason, until: i64) -> Self {
        let notify = alert.announced;
        let event = Some((alert, TransitionKind::Resolved { reason }, notify));
        Self { state: State::Quiet { until }, event, crowded: false }
    }
}

impl State {
    /// The alert, while it is open.
    pub fn alert(&self) -> Option<&Alert> {
        match self {
            Self::Quiet { .. } | Self::Pending { .. } => None,
            Self::Firing(alert) | Self::Acknowledged { alert, .. } => Some(alert),
        }
    }

    /// Whether it says nothing: the state of what was never judged.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn close(self, reason: Reason, until: i64) -> Option<Step> {
        match self {
            Self::Quiet { .. } | Self::Pending { .. } => None,
            Self::Firing(alert) | Self::Acknowledged { alert, .. } => {
                Some(Step::resolved(alert, reason, until))
            }
        }
    }

    pub(super) fn acknowledge(self, opening: OpeningId, by: &str, at: i64) -> Option<Step> {
        match self {
            Self::Firing(alert) if alert.opening == opening => {
                let kind = TransitionKind::Acknowledged { by: by.to_owned() };
                let event = Some((alert.clone(), kind, false));
                Some(Step {
                    state: Self::Acknowledged { alert, by: by.to_owned(), at },
                    event,
                    crowded: false,
                })
            }
            _ => None,
        }
    }
}

/// What matters of the moment of a judgement beside the cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// With rule and key it names an alert that fires now.
    pub(super) epoch: u64,
    /// Whether another alert of the rule may be open.
    pub(super) room: bool,
    pub(super) muted: bool,
}

/// Where a state leads, given the cells as they are. `earlier` are stretches before the current one in
/// which something happened that was not judged.
pub(super) fn advance(view: &View<'_>, state: State, moment: Moment, earlier: &[Span]) -> Step {
    let now = moment.now;
    let span = view.rule.span(now.div_euclid(1000));
    let verdict = view.verdict(span, None);
    match state {
        State::Quiet { until } if now < until => Step::to(State::Quiet { until }),
        State::Quiet { .. } | State::Pending { .. } => {
            let before = earlier.iter().map(|span| (*span, view.verdict(*span, None)));
            match [(span, verdict)].into_iter().chain(before).find(|(_, verdict)| verdict.breach) {
                Some((cause, found)) => {
                    // What waited for room because of something late is over: this is another matter.
                    let since = match state {
                        State::Pending { since } if verdict.breach => since,
                        _ => now,
                    };
                    ripen(view, since, moment, cause, found)
                }
                None => Step::to(State::default()),
            }
        }
        State::Firing(alert) => match still(view, alert, now, span, verdict) {
            Ok(alert) => announce(alert, moment.muted, State::Firing),
            Err(step) => *step,
        },
        State::Acknowledged { alert, by, at } => match still(view, alert, now, span, verdict) {
            Ok(alert) => announce(alert, moment.muted, |alert| State::Acknowledged { alert, by, at }),
            Err(step) => *step,
        },
    }
}

/// Broken since `since`: waits, fires, or finds no room.
fn ripen(view: &View<'_>, since: i64, moment: Moment, span: Span, verdict: Verdict) -> Step {
    if moment.now - since < view.rule.hold.millis() {
        return Step::to(State::Pending { since });
    }
    if !moment.room {
        return Step { crowded: true, ..Step::to(State::Pending { since }) };
    }
    let alert = Alert {
        opening: OpeningId::of(view.rule.id, view.key, moment.epoch),
        started_at: since,
        cause: span,
        value: verdict.value.unwrap_or_default(),
        band: verdict.band,
        announced: !moment.muted,
    };
    let event = Some((alert.clone(), TransitionKind::Firing, !moment.muted));
    Step { state: State::Firing(alert), event, crowded: false }
}

/// The alert if it is still open, or the step that resolves it.
fn still(view: &View<'_>, alert: Alert, now: i64, span: Span, verdict: Verdict) -> Result<Alert, Box<Step>> {
    let correctable = now.div_euclid(1000) - alert.cause.to <= CORRECTABLE;
    let caused = !correctable || view.verdict(alert.cause, alert.band).breach;
    // What fired by something late or at the very end of a step is seen until the running one is over.
    let fresh = || view.rule.fires_on_the_spot() && view.rule.span(alert.started_at.div_euclid(1000)) == span;
    if verdict.holds || (caused && fresh()) {
        if caused || !verdict.breach {
            return Ok(alert);
        }
        // What fired it was corrected, but by now there is a cause of its own.
        let value = verdict.value.unwrap_or_default();
        return Ok(Alert { cause: span, value, band: verdict.band, ..alert });
    }
    let reason = if caused { Reason::Recovered } else { Reason::Retracted };
    Err(Box::new(Step::resolved(alert, reason, now + view.rule.cooldown.millis())))
}

fn announce(mut alert: Alert, muted: bool, state: impl FnOnce(Alert) -> State) -> Step {
    if alert.announced || muted {
        return Step::to(state(alert));
    }
    alert.announced = true;
    let event = Some((alert.clone(), TransitionKind::Announced, true));
    Step { state: state(alert), event, crowded: false }
}
