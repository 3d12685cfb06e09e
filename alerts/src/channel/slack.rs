//! Slack: an incoming webhook, with blocks.
//!
//! Limits of the published API: 50 blocks, header 150, section text 3,000, 10 fields of 2,000 letters.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Client;
use serde_json::{Value, json};
use url::Url;

use super::kind::{Kind, Outside, Settings, fields_of, parse_url};
use super::words::{cut, headline, lines, words};
use super::{Channel, Event, Message, Pace, SendError, http};
use crate::guard::{Allow, check};
use crate::rule::RuleError;

pub(super) const KIND: Kind = Kind { name: "slack", read, open };

const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;

#[derive(Debug)]
struct Slack {
    url: Url,
    client: Client,
    allow: Allow,
}

#[async_trait]
impl Channel for Slack {
    fn pace(&self) -> Pace {
        // One message per second; short bursts are let through.
        Pace { burst: 3, per_second: 1.0 }
    }

    fn bundles(&self) -> bool {
        true
    }

    async fn send(&self, messages: &[Message]) -> Result<(), SendError> {
        check(&self.url, self.allow).map_err(SendError::never)?;
        let answer = http::send(self.client.post(self.url.clone()).json(&payload(messages))).await?;
        http::outcome(answer.status(), answer.headers(), &[401, 403, 404])
    }
}

fn payload(messages: &[Message]) -> Value {
    let [message] = messages else {
        let title = headline(messages);
        let text = lines(messages, SECTION, |line| format!("• {}", safe(line)));
        let blocks = json!([
            { "type": "header", "text": { "type": "plain_text", "text": cut(&title, HEADER) } },
            { "type": "section", "text": { "type": "mrkdwn", "text": text } },
        ]);
        return json!({ "text": safe(&title), "blocks": blocks });
    };
    let words = words(message);
    let sign = match message.notice.event {
        Event::Firing => "🔴",
        Event::Resolved => "🟢",
        Event::Test => "🔵",
    };
    let facts: Vec<Value> = words
        .facts
        .iter()
        .map(|(name, value)| {
            json!({ "type": "mrkdwn", "text": cut(&format!("*{name}*\n{}", safe(value)), FIELD) })
        })
        .collect();
    let title = cut(&format!("{sign} {}", words.title), HEADER);
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": title, "emoji": true } },
        { "type": "section", "fields": facts },
        { "type": "actions", "elements": [{
            "type": "button",
            "text": { "type": "plain_text", "text": "Open" },
            "url": words.url,
        }] },
    ]);
    // The text is what a notification on a phone shows.
    json!({ "text": safe(&words.title), "blocks": blocks })
}

/// As Slack asks: `&`, `<` and `>` as entities, which also keeps `<!channel>` from calling anybody.
fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `{"url"}`: the address that Slack gives a webhook, its token within.
fn read(body: &Value) -> Result<Settings, RuleError> {
    let mut fields = fields_of(body)?;
    let url = parse_url(fields.need_text("url", "https://hooks.slack.com/services/T…/B…/…")?)?;
    fields.finish()?;
    Ok(Settings::with_token_in(&url))
}

fn open(settings: &Settings, outside: &Outside) -> Result<Arc<dyn Channel>, RuleError> {
    let url = settings.url()?;
    check(&url, outside.allow).map_err(|error| RuleError::new("url", error.to_string()))?;
    Ok(Arc::new(Slack { url, client: outside.client.clone(), allow: outside.allow }))
}
