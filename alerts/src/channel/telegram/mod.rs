//! Telegram, by the Bot API: the graph with a caption and buttons, and what people answer.
//!
//! Limits of the published API: text 4,096 and caption 1,024 letters after formatting, button data 64
//! bytes, about one message per second and chat, in groups and channels 20 a minute. A group that became a
//! supergroup has another id: it is followed.

mod bot;
mod update;

use std::sync::Arc;

use async_trait::async_trait;
use rand::Rng;
use rand::distr::Alphanumeric;
use serde_json::{Value, json};

pub use bot::Bot;
pub use update::{Action, Input, Update};

use super::kind::{Kind, Outside, Settings, fields_of};
use super::words::{cut, headline, html, lines, words};
use super::{Channel, Event, Message, Pace, SendError, picture};
use crate::rule::RuleError;

pub(super) const KIND: Kind = Kind { name: "telegram", read, open };

const TEXT: usize = 4_096;
/// So that title and facts together stay within a caption.
const TITLE: usize = 200;
const FACT: usize = 120;
const CODE: usize = 12;

#[derive(Debug)]
struct Telegram {
    bot: Bot,
    /// `None` until somebody linked a chat.
    chat: Option<Value>,
}

#[async_trait]
impl Channel for Telegram {
    fn pace(&self) -> Pace {
        let person = self.chat.as_ref().and_then(Value::as_i64).is_some_and(|chat| chat > 0);
        Pace { burst: 3, per_second: if person { 1.0 } else { 20.0 / 60.0 } }
    }

    fn bundles(&self) -> bool {
        true
    }

    async fn send(&self, messages: &[Message]) -> Result<(), SendError> {
        let Some(chat) = &self.chat else {
            return Err(SendError::later("no chat is linked yet: send the bot /start and the code"));
        };
        let [message] = messages else {
            return self.bot.message(chat, &json!({ "text": bundle(messages), "parse_mode": "HTML" })).await;
        };
        let (text, keyboard) = (text(message), keyboard(message));
        let png = message.graph.as_ref().filter(|_| message.notice.event == Event::Firing).and_then(picture);
        match png {
            Some(png) => self.bot.photo(chat, &text, &keyboard, png).await,
            None => {
                let body = json!({
                    "text": text,
                    "parse_mode": "HTML",
                    "reply_markup": keyboard,
                    "link_preview_options": { "is_disabled": true },
                });
                self.bot.message(chat, &body).await
            }
        }
    }
}

fn text(message: &Message) -> String {
    let words = words(message);
    let sign = match message.notice.event {
        Event::Firing => "🔴",
        Event::Resolved => "🟢",
        Event::Test => "🔵",
    };
    let facts: Vec<String> =
        words.facts.iter().map(|(name, value)| format!("{name}: {}", html(&cut(value, FACT)))).collect();
    format!("{sign} <b>{}</b>\n{}", html(&cut(&words.title, TITLE)), facts.join("\n"))
}

fn bundle(messages: &[Message]) -> String {
    let title = format!("<b>{}</b>", html(&headline(messages)));
    let lines = lines(messages, TEXT - title.len(), |line| format!("• {}", html(line)));
    format!("{title}\n{lines}")
}

fn keyboard(message: &Message) -> Value {
    let mut rows = Vec::new();
    if let (Event::Firing, Some(opening)) = (message.notice.event, message.opening) {
        let button =
            |text: &str, action: Action| json!({ "text": text, "callback_data": action.data(opening) });
        rows.push(json!([button("Acknowledge", Action::Acknowledge), button("Mute 1 h", Action::Mute)]));
    }
    if public(&message.notice.data.url) {
        rows.push(json!([{ "text": "Open", "url": message.notice.data.url }]));
    }
    json!({ "inline_keyboard": rows })
}

/// Telegram refuses messages with buttons that lead to addresses of one machine.
fn public(url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    let domain = url.as_ref().and_then(url::Url::domain);
    domain.is_some_and(|domain| domain.contains('.'))
}

/// `{"token", "chat_id"}`; without a chat, one is linked by sending the bot `/start` and the code.
fn read(body: &Value) -> Result<Settings, RuleError> {
    let mut fields = fields_of(body)?;
    let token = fields.need_text("token", "what @BotFather gave the bot")?.trim().to_owned();
    let chat = match fields.get("chat_id") {
        None => None,
        Some(chat @ Value::Number(_)) if chat.is_i64() => Some(chat.clone()),
        Some(Value::String(chat)) if chat.starts_with('@') || chat.parse::<i64>().is_ok() => {
            Some(chat.parse::<i64>().map_or_else(|_| Value::from(chat.as_str()), Value::from))
        }
        Some(_) => return Err(RuleError::new("chat_id", "must be a number or the @name of a channel")),
    };
    let code = fields.text("link_code")?.map(str::to_owned);
    fields.finish()?;
    let shaped = token.split_once(':').is_some_and(|(id, rest)| {
        let letter = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        id.parse::<u64>().is_ok() && !rest.is_empty() && rest.chars().all(letter)
    });
    if !shaped {
        return Err(RuleError::new("token", "is not the token of a bot").hint("123456:ABC-DEF…"));
    }
    let mut settings = Settings::default();
    match chat {
        Some(chat) => settings.config.insert("chat_id".to_owned(), chat),
        None => settings.config.insert("link_code".to_owned(), Value::from(code.unwrap_or_else(new_code))),
    };
    settings.secrets.insert("token".to_owned(), crate::guard::Secret::new(token));
    Ok(settings)
}

fn new_code() -> String {
    let mut random = rand::rng();
    (0..CODE).map(|_| char::from(random.sample(Alphanumeric))).collect()
}

fn open(settings: &Settings, outside: &Outside) -> Result<Arc<dyn Channel>, RuleError> {
    let bot = Bot::new(outside, settings.secret("token")?.clone());
    Ok(Arc::new(Telegram { bot, chat: settings.config.get("chat_id").cloned() }))
}
