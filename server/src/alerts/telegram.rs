//! What people tell the bots of Telegram channels: they link chats, press buttons and ask.
//!
//! A bot is listened to by long polling, so the program needs no address that Telegram can reach. Only
//! chats that are linked to a channel are answered; commands speak of the sites that the channel may see.

use std::cmp::Reverse;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;
use opentrace_alerts::channel::SendError;
use opentrace_alerts::channel::telegram::{Action, Bot, Input, Update};
use opentrace_alerts::guard::Secret;
use opentrace_events::Site;
use opentrace_query::Views;
use serde_json::Value;
use tokio::time::sleep;
use uuid::Uuid;

use super::channels::Held;
use super::{Alerts, OpenAlert, questions};
use crate::clock;

/// How long a bot waits for somebody to say something.
const WAIT: Duration = Duration::from_secs(25);
/// Pauses after Telegram could not be reached, and after it refused the bot.
const TROUBLE: Duration = Duration::from_secs(3);
const REFUSED: Duration = Duration::from_secs(300);
const MUTED: i64 = 3_600_000;
/// Sites and alerts that an answer tells of.
const MOST: usize = 20;
const HELP: &str = "/status: what goes on\n/alerts: alerts that are open\n/ask QUESTION: figures, for example \
    /ask visitors by country yesterday";

impl Alerts {
    /// Listens to the bots of all channels there are, and to no others.
    pub(super) fn listen_to_telegram(&self) {
        if self.shared.pipeline.get().is_none() {
            return; // Not before everything runs.
        }
        let tokens: HashMap<String, Secret> = self
            .telegram(|_| true)
            .into_iter()
            .filter_map(|held| {
                let token = held.settings.secrets.get("token")?.clone();
                Some((token.reveal().to_owned(), token))
            })
            .collect();
        let mut bots = self.shared.bots.lock().unwrap_or_else(PoisonError::into_inner);
        bots.retain(|token, stop| {
            let wanted = tokens.contains_key(token);
            if !wanted {
                stop.cancel();
            }
            wanted
        });
        for (name, token) in tokens {
            let alerts = self.clone();
            bots.entry(name).or_insert_with(|| {
                let stop = alerts.shared.stop.child_token();
                let (until, bot) = (stop.clone(), Bot::new(&alerts.shared.outside, token.clone()));
                let listening = alerts.clone();
                alerts.shared.tasks.spawn(async move {
                    until.run_until_cancelled(listening.listen(bot, token)).await;
                });
                stop
            });
        }
    }

    fn telegram(&self, which: impl Fn(&Held) -> bool) -> Vec<Held> {
        let mut held = self.shared.channels.all();
        held.retain(|held| held.record.kind == "telegram" && which(held));
        held
    }

    async fn listen(&self, bot: Bot, token: Secret) {
        let (mut last, mut heard) = (0, true);
        loop {
            match bot.updates(last, WAIT).await {
                Ok(updates) => {
                    heard = true;
                    for update in updates {
                        last = last.max(update.id);
                        if let Err(error) = self.answer(&bot, &token, &update).await {
                            tracing::warn!(%error, "an answer in Telegram was not taken");
                        }
                    }
                }
                Err(SendError::Later { reason, after }) => {
                    // Once, and not every few seconds while the network is away.
                    if std::mem::take(&mut heard) {
                        tracing::warn!(reason, "Telegram cannot be listened to");
                    }
                    sleep(after.unwrap_or(TROUBLE)).await;
                }
                Err(SendError::Never { reason }) => {
                    tracing::warn!(reason, "Telegram refuses a bot");
                    sleep(REFUSED).await;
                }
            }
        }
    }

    async fn answer(&self, bot: &Bot, token: &Secret, update: &Update) -> Result<(), SendError> {
        let of_bot = self.telegram(|held| held.settings.secrets.get("token") == Some(token));
        let linked: Vec<&Held> = of_bot
            .iter()
            .filter(|held| held.settings.config.get("chat_id") == Some(&update.chat.into()))
            .collect();
        match &update.input {
            Input::Command { name, rest } if name == "start" && !rest.is_empty() => {
                let text = self.link(&of_bot, update.chat, rest).await;
                bot.say(update.chat, text).await
            }
            Input::Command { .. } | Input::Button { .. } if linked.is_empty() => {
                bot.say(update.chat, "This chat is not linked to a channel.").await
            }
            Input::Command { name, rest } => {
                let text = match name.as_str() {
                    "ask" => self.asked(&linked, rest).await,
                    "status" => self.status(&linked).await,
                    "alerts" => self.open_alerts(&linked).await,
                    _ => HELP.to_owned(),
                };
                bot.say(update.chat, &text).await
            }
            Input::Button { button, action, opening } => {
                let text = match self.find_open(*opening).await {
                    None => "The alert is over.",
                    Some((rule, _)) if !self.sees_rule(&linked, rule).await => "The alert is over.",
                    Some((rule, _)) => match action {
                        Action::Acknowledge => {
                            self.acknowledge(rule, Some(*opening), &update.who).await;
                            "Acknowledged."
                        }
                        Action::Mute => match self.mute(rule, MUTED).await {
                            Ok(_) => "Muted for an hour.",
                            Err(_) => "That did not work.",
                        },
                    },
                };
                bot.answer(button, text).await
            }
            Input::Moved { to } => {
                self.relink(&linked, *to).await;
                Ok(())
            }
            Input::Other => Ok(()),
        }
    }

    /// Links the channels of a chat to the one that took its place.
    async fn relink(&self, linked: &[&Held], chat: i64) {
        for held in linked {
            let mut settings = held.settings.clone();
            settings.config.insert("chat_id".to_owned(), Value::from(chat));
            if let Err(error) = self.keep(held.record.clone(), settings).await {
                tracing::error!(%error, channel = held.record.name, "a chat that moved cannot be linked");
            }
        }
    }

    /// Links a chat to the channel with this code.
    async fn link(&self, channels: &[Held], chat: i64, code: &str) -> &'static str {
        let coded =
            |held: &&Held| held.settings.config.get("link_code").and_then(Value::as_str) == Some(code);
        let Some(held) = channels.iter().find(coded) else { return "There is no channel with this code." };
        let mut settings = held.settings.clone();
        settings.config.remove("link_code");
        settings.config.insert("chat_id".to_owned(), Value::from(chat));
        match self.keep(held.record.clone(), settings).await {
            Ok(_) => {
                self.shared.dispatcher.ring(held.record.id);
                "This chat is linked: alerts come here."
            }
            Err(error) => {
                tracing::error!(%error, "a chat cannot be linked");
                "That did not work."
            }
        }
    }

    async fn sees_rule(&self, linked: &[&Held], rule: Uuid) -> bool {
        let site = self.rule(rule).await.map(|(_, site)| site);
        site.is_ok_and(|site| linked.iter().any(|held| held.record.site.is_none_or(|own| own == site)))
    }

    fn seen(&self, linked: &[&Held]) -> Vec<Arc<Site>> {
        let mut sites = self.shared.sites.all();
        sites.retain(|site| linked.iter().any(|held| held.record.site.is_none_or(|own| own == site.id)));
        sites.truncate(MOST);
        sites
    }

    async fn status(&self, linked: &[&Held]) -> String {
        let mut lines = Vec::new();
        for site in self.seen(linked) {
            let live = opentrace_query::live(&self.shared.store, &site, clock::now(), Views::Avoid).await;
            let name = escaped(&site.domain);
            lines.push(match live {
                Ok(live) => format!(
                    "<b>{name}</b>: {} visitors now; today {} visitors, {} page views",
                    live.visitors_now, live.today.visitors, live.today.pageviews
                ),
                Err(_) => format!("<b>{name}</b>: no answer at the moment"),
            });
        }
        if lines.is_empty() { "There are no sites.".to_owned() } else { lines.join("\n") }
    }

    /// The answer to a question about a site that the chat's channels may see.
    async fn asked(&self, linked: &[&Held], rest: &str) -> String {
        let Some(answers) = self.answers().clone() else { return "Ask again in a moment.".to_owned() };
        let sites: Vec<String> = self.seen(linked).iter().map(|site| site.domain.clone()).collect();
        let (domain, question) = match questions::about(rest, &sites) {
            Ok(about) => about,
            Err(text) => return escaped(&text),
        };
        let text = match answers.answer(domain, question).await {
            Ok(answer) => questions::told(&answer),
            Err(message) => message,
        };
        escaped(&text)
    }

    async fn open_alerts(&self, linked: &[&Held]) -> String {
        let may = |site| linked.iter().any(|held| held.record.site.is_none_or(|own| own == site));
        let Ok(rules) = self.rules(may).await else { return "That did not work.".to_owned() };
        let open = rules.iter().flat_map(|rule| {
            let name = rule.body.get("name").and_then(Value::as_str).unwrap_or_default();
            rule.open.iter().map(move |alert| (name, alert))
        });
        listed(open.collect())
    }
}

/// Alerts that are open, the newest first, and how many more there are.
fn listed(mut open: Vec<(&str, &OpenAlert)>) -> String {
    open.sort_by_key(|(_, alert)| Reverse(alert.started_at));
    let line = |(name, alert): &(&str, &OpenAlert)| {
        let group = alert.group.as_deref().map(|group| format!(" ({group})")).unwrap_or_default();
        let since = alert.started_at.strftime("%H:%M UTC");
        escaped(&format!("• {name}{group}: {} since {since}", alert.value))
    };
    let mut lines: Vec<String> = open.iter().take(MOST).map(line).collect();
    match open.len() {
        0 => lines.push("No alert is open.".to_owned()),
        all if all > MOST => lines.push(format!("and {} more", all - MOST)),
        _ => {}
    }
    lines.join("\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use opentrace_alerts::evaluate::OpeningId;

    use super::*;

    #[test]
    fn the_newest_alerts_are_listed_and_the_others_counted() {
        let alert = |minute: i64| OpenAlert {
            opening: OpeningId(Uuid::nil()),
            state: "firing",
            group: (minute == 24).then(|| "<DE>".to_owned()),
            value: 7.0,
            started_at: jiff::Timestamp::from_second(minute * 60).expect("a time"),
            acknowledged_by: None,
        };
        let alerts: Vec<OpenAlert> = (0..25).map(alert).collect();
        let text = listed(alerts.iter().map(|alert| ("Busy", alert)).collect());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "• Busy (&lt;DE&gt;): 7 since 00:24 UTC");
        assert_eq!((lines.len(), lines[MOST]), (MOST + 1, "and 5 more"));
        assert_eq!(listed(Vec::new()), "No alert is open.");
    }
}
