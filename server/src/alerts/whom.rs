//! Whom rules tell: channels, by id or by name. They come and go and get other names; a rule whose channel is
//! gone is judged all the same, tells the others, and says so.

use opentrace_alerts::rule::{ChannelId, RuleError};
use opentrace_events::SiteId;
use uuid::Uuid;

use super::Alerts;

/// A channel as rules name it.
#[derive(Clone, Debug)]
pub(super) struct ChannelName {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// The site whose rules may use it; `None` for every one.
    pub(super) site: Option<SiteId>,
}

/// Whom a rule tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Whom {
    pub(super) channels: Vec<ChannelId>,
    /// What is wrong with the others that it names.
    pub(super) lost: Vec<RuleError>,
}

impl Whom {
    /// Looks up what a rule of a site names.
    pub(super) fn of(named: &[String], channels: &[ChannelName], site: SiteId) -> Self {
        let mut whom = Self::default();
        for name in named {
            match find(name, channels, site) {
                Ok(channel) => whom.channels.push(channel),
                Err(error) => whom.lost.push(error),
            }
        }
        whom
    }

    /// What is wrong, for people.
    pub(super) fn problem(&self) -> Option<String> {
        let reasons: Vec<&str> = self.lost.iter().map(|error| error.reason.as_str()).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

fn find(name: &str, channels: &[ChannelName], site: SiteId) -> Result<ChannelId, RuleError> {
    let id = Uuid::try_parse(name).ok();
    let mine = |channel: &&ChannelName| channel.site.is_none_or(|own| own == site);
    let named = |channel: &&ChannelName| id == Some(channel.id) || channel.name == name;
    let mut found = channels.iter().filter(mine).filter(named);
    match (found.next(), found.next()) {
        (Some(channel), None) => Ok(ChannelId(channel.id)),
        (Some(_), Some(_)) => {
            Err(RuleError::new("channels", format!("`{name}` is the name of several")).hint("give its id"))
        }
        (None, _) => Err(RuleError::new("channels", format!("there is no channel `{name}`"))
            .hint("POST /api/v1/channels makes one")),
    }
}

impl Alerts {
    /// Looks up again whom every rule tells, after a channel came, went or got another name.
    pub(super) async fn readdress(&self) {
        let channels = self.shared.channels.names();
        let mut bench = self.shared.bench.lock().await;
        for known in bench.rules.values_mut() {
            known.whom = Whom::of(&known.draft.channels, &channels, SiteId(known.rule.site));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_found_by_id_and_name_and_those_that_are_not_are_told() {
        let channel = |id: u128, name: &str, site: Option<u32>| ChannelName {
            id: Uuid::from_u128(id),
            name: name.to_owned(),
            site: site.map(SiteId),
        };
        let channels = [
            channel(1, "Pager", None),
            channel(2, "Chat", Some(7)),
            channel(3, "Twice", None),
            channel(4, "Twice", Some(7)),
            channel(5, "Elsewhere", Some(8)),
        ];
        let id = |id| ChannelId(Uuid::from_u128(id));
        let named = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Whom::of(&names, &channels, SiteId(7))
        };
        let all =
            named(&["Pager", &Uuid::from_u128(2).to_string(), &Uuid::from_u128(4).simple().to_string()]);
        assert_eq!((all.channels.as_slice(), all.problem()), (&[id(1), id(2), id(4)][..], None));
        let some = named(&["Gone", "Pager", "Twice", "Elsewhere"]);
        assert_eq!(some.channels, [id(1)]);
        let problem =
            "there is no channel `Gone`; `Twice` is the name of several; there is no channel `Elsewhere`";
        assert_eq!(some.problem().as_deref(), Some(problem));
    }
}
