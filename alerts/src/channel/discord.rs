//! Discord: a webhook of a channel, with an embed for each alert and the graph attached.
//!
//! Limits of the published API: 10 embeds, title 256, description 4,096, field value 1,024, 6,000 letters
//! together. Mentions are off: a name such as `@everyone` in an alert calls nobody.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use url::Url;

use super::kind::{Kind, Outside, Settings, fields_of, parse_url};
use super::words::{cut, headline, lines, words};
use super::{Channel, Event, Message, Pace, SendError, http, picture};
use crate::guard::{Allow, check};
use crate::rule::RuleError;

pub(super) const KIND: Kind = Kind { name: "discord", read, open };

const TITLE: usize = 256;
const DESCRIPTION: usize = 4_096;
const FIELD: usize = 1_024;

#[derive(Debug)]
struct Discord {
    url: Url,
    client: Client,
    allow: Allow,
}

#[async_trait]
impl Channel for Discord {
    fn pace(&self) -> Pace {
        // Five messages per two seconds and webhook, and thirty a minute.
        Pace { burst: 5, per_second: 0.5 }
    }

    fn bundles(&self) -> bool {
        true
    }

    async fn send(&self, messages: &[Message]) -> Result<(), SendError> {
        check(&self.url, self.allow).map_err(SendError::never)?;
        let graph = match messages {
            [message] => message.graph.as_ref().and_then(picture),
            _ => None,
        };
        let payload = payload(messages, graph.is_some());
        let request = self.client.post(self.url.clone());
        let request = match graph {
            None => request.json(&payload),
            Some(png) => {
                let file = Part::bytes(png).file_name("graph.png").mime_str("image/png");
                let file = file.map_err(SendError::never)?;
                request
                    .multipart(Form::new().text("payload_json", payload.to_string()).part("files[0]", file))
            }
        };
        let answer = http::send(request).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let told = http::outcome(status, &headers, &[401, 403, 404]);
        if status.as_u16() == 429
            && let Ok(body) = answer.json::<Value>().await
            && let Some(seconds) = body["retry_after"].as_f64()
        {
            let reason = format!("the receiver answered {status}");
            return Err(SendError::Later { reason, after: http::seconds_to_wait(seconds) });
        }
        told
    }
}

fn payload(messages: &[Message], graph: bool) -> Value {
    let embeds = match messages {
        [message] => vec![embed(message, graph)],
        _ => vec![json!({
            "title": cut(&headline(messages), TITLE),
            "description": lines(messages, DESCRIPTION, safe),
        })],
    };
    json!({ "embeds": embeds, "allowed_mentions": { "parse": [] } })
}

fn embed(message: &Message, graph: bool) -> Value {
    let words = words(message);
    let facts: Vec<Value> = words
        .facts
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": cut(&safe(value), FIELD), "inline": true }))
        .collect();
    let colour = match message.notice.event {
        Event::Firing => 0x00e0_3131,
        Event::Resolved => 0x002f_9e44,
        Event::Test => 0x0019_71c2,
    };
    let mut embed = json!({
        "title": cut(&safe(&words.title), TITLE),
        "url": words.url,
        "color": colour,
        "timestamp": message.notice.timestamp.to_string(),
        "fields": facts,
    });
    if graph {
        embed["image"] = json!({ "url": "attachment://graph.png" });
    }
    embed
}

/// With a backslash before what Discord's markdown takes for more than a letter.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\*_~`|>#[]()<@:-".contains(letter) {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}

/// `{"url"}`: the address that Discord gives a webhook, its token within.
fn read(body: &Value) -> Result<Settings, RuleError> {
    let mut fields = fields_of(body)?;
    let url = parse_url(fields.need_text("url", "https://discord.com/api/webhooks/ID/TOKEN")?)?;
    fields.finish()?;
    Ok(Settings::with_token_in(&url))
}

impl Settings {
    /// Keeps an address whose path is a secret: only the host is shown.
    pub(super) fn with_token_in(url: &Url) -> Self {
        let mut settings = Self::default();
        settings.put_url(url);
        settings
            .config
            .insert("url".to_owned(), Value::from(format!("{}/…", url.origin().ascii_serialization())));
        settings
    }
}

fn open(settings: &Settings, outside: &Outside) -> Result<Arc<dyn Channel>, RuleError> {
    let url = settings.url()?;
    check(&url, outside.allow).map_err(|error| RuleError::new("url", error.to_string()))?;
    Ok(Arc::new(Discord { url, client: outside.client.clone(), allow: outside.allow }))
}
