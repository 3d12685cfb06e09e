//! What is said of an alert, whatever the channel.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::evaluate::{Band, Reason, Transition, TransitionKind};
use crate::rule::{ChannelId, Rule, RuleId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    #[serde(rename = "alert.firing")]
    Firing,
    #[serde(rename = "alert.resolved")]
    Resolved,
    #[serde(rename = "alert.test")]
    Test,
}

/// A message, in the form that webhooks receive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    #[serde(rename = "type")]
    pub event: Event,
    /// When it happened.
    pub timestamp: Timestamp,
    pub data: NoticeData,
}

/// The alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticeData {
    pub alert_id: RuleId,
    pub name: String,
    /// The domain of the site.
    pub site_id: String,
    pub value: f64,
    /// As the rule has it: `{"type": "above", "value": 100}`.
    pub condition: Value,
    pub band: Option<Band>,
    /// The value of the dimension by which the rule is grouped.
    pub group: Option<String>,
    pub started_at: Timestamp,
    /// Of a resolved alert.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// The graph.
    pub url: String,
}

impl Notice {
    /// What is said of a transition; `None` where nobody is told.
    pub fn of(transition: &Transition, rule: &Rule, site: &str, url: &str) -> Option<Self> {
        let (event, reason) = match &transition.kind {
            _ if !transition.notify => return None,
            TransitionKind::Firing | TransitionKind::Announced => (Event::Firing, None),
            TransitionKind::Resolved { reason } => (Event::Resolved, Some(*reason)),
            TransitionKind::Acknowledged { .. } => return None,
        };
        let at = |millis| Timestamp::from_millisecond(millis).unwrap_or_default();
        Some(Self {
            event,
            timestamp: at(transition.at),
            data: NoticeData {
                alert_id: rule.id,
                name: rule.name.clone(),
                site_id: site.to_owned(),
                value: transition.alert.value,
                condition: rule.condition.to_json(),
                band: transition.alert.band,
                group: rule.grouping.as_ref().map(|_| transition.key.as_str().to_owned()),
                started_at: at(transition.alert.started_at),
                reason,
                url: url.to_owned(),
            },
        })
    }

    /// The id of a message: the same for a transition and channel, however often it is sent or the
    /// epoch computed. Receivers tell repetitions by it.
    pub fn id(transition: &Transition, channel: ChannelId) -> String {
        let mut hash = Sha256::new();
        hash.update(channel.0.as_bytes());
        hash.update(transition.rule.0.as_bytes());
        hash.update(transition.epoch.to_be_bytes());
        hash.update(transition.kind.name().as_bytes());
        hash.update([0]);
        hash.update(transition.key.as_str().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        format!("msg_{}", Uuid::from_bytes(bytes).simple())
    }
}
