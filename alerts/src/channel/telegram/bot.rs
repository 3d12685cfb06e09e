//! The Bot API: one method for each of its methods that is used.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use url::Url;

use super::super::http::{self, seconds_to_wait};
use super::super::{Outside, SendError};
use super::Update;
use crate::guard::Secret;

/// What an answer to a long poll may take beyond the wait that was asked for.
const GRACE: Duration = Duration::from_secs(10);

/// A bot.
#[derive(Clone, Debug)]
pub struct Bot {
    client: Client,
    base: Url,
    token: Secret,
}

impl Bot {
    /// The bot of a token.
    pub fn new(outside: &Outside, token: Secret) -> Self {
        Self { client: outside.trusted.clone(), base: outside.telegram.clone(), token }
    }

    /// Calls a method and returns its result.
    ///
    /// # Errors
    /// [`SendError::Never`] where the bot is refused (its token was revoked, it was removed from the chat) or
    /// what is sent is wrong.
    pub async fn call(&self, method: &str, body: &Value) -> Result<Value, SendError> {
        Ok(result(self.client.post(self.url(method)?).json(body)).await?)
    }

    /// Sends a message to a chat, or to the one that took its place.
    pub(super) async fn message(&self, chat: &Value, body: &Value) -> Result<(), SendError> {
        let url = self.url("sendMessage")?;
        let request = |chat: &Value| {
            let mut body = body.clone();
            body["chat_id"] = chat.clone();
            Ok(self.client.post(url.clone()).json(&body))
        };
        follow(chat, request).await
    }

    /// The same with a picture.
    pub(super) async fn photo(
        &self,
        chat: &Value,
        caption: &str,
        keyboard: &Value,
        png: Vec<u8>,
    ) -> Result<(), SendError> {
        let url = self.url("sendPhoto")?;
        let request = |chat: &Value| {
            let chat = chat.as_str().map_or_else(|| chat.to_string(), str::to_owned);
            let file = Part::bytes(png.clone()).file_name("graph.png").mime_str("image/png");
            let form = Form::new()
                .text("chat_id", chat)
                .text("caption", caption.to_owned())
                .text("parse_mode", "HTML")
                .text("reply_markup", keyboard.to_string())
                .part("photo", file.map_err(SendError::never)?);
            Ok(self.client.post(url.clone()).multipart(form))
        };
        follow(chat, request).await
    }

    /// What people did after the update `after`; waits for something to happen.
    ///
    /// # Errors
    /// As [`Bot::call`].
    pub async fn updates(&self, after: i64, wait: Duration) -> Result<Vec<Update>, SendError> {
        let body = json!({
            "offset": after + 1,
            "timeout": wait.as_secs(),
            "allowed_updates": ["message", "callback_query"],
        });
        let request = self.client.post(self.url("getUpdates")?).json(&body).timeout(wait + GRACE);
        let found = result(request).await?;
        Ok(found.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Update::read).collect())
    }

    /// Says something in a chat; the text is HTML.
    ///
    /// # Errors
    /// As [`Bot::call`].
    pub async fn say(&self, chat: i64, text: &str) -> Result<(), SendError> {
        let body = json!({ "chat_id": chat, "text": text, "parse_mode": "HTML" });
        self.call("sendMessage", &body).await.map(drop)
    }

    /// Tells who pressed a button what came of it.
    ///
    /// # Errors
    /// As [`Bot::call`].
    pub async fn answer(&self, button: &str, text: &str) -> Result<(), SendError> {
        self.call("answerCallbackQuery", &json!({ "callback_query_id": button, "text": text }))
            .await
            .map(drop)
    }

    fn url(&self, method: &str) -> Result<Url, SendError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| SendError::never("the address of the Bot API cannot be used"))?
            .pop_if_empty()
            .push(&format!("bot{}", self.token.reveal()))
            .push(method);
        Ok(url)
    }
}

/// Why a call was refused.
#[derive(Debug)]
struct Refusal {
    error: SendError,
    /// The chat that took the place of the one that was meant.
    moved_to: Option<i64>,
}

impl From<SendError> for Refusal {
    fn from(error: SendError) -> Self {
        Self { error, moved_to: None }
    }
}

impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// Makes a request for a chat and, where that became another one, for that.
async fn follow(
    chat: &Value,
    request: impl Fn(&Value) -> Result<RequestBuilder, SendError>,
) -> Result<(), SendError> {
    match result(request(chat)?).await {
        Ok(_) => Ok(()),
        Err(Refusal { moved_to: Some(chat), .. }) => Ok(result(request(&chat.into())?).await.map(drop)?),
        Err(refusal) => Err(refusal.error),
    }
}

/// The API says in the body how it went, in the same form with every status.
async fn result(request: RequestBuilder) -> Result<Value, Refusal> {
    let answer = http::send(request).await?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if status.is_success() && body["ok"] == true {
        return Ok(body["result"].clone());
    }
    let code = body["error_code"].as_u64().unwrap_or_else(|| u64::from(status.as_u16()));
    let reason = match body["description"].as_str() {
        Some(description) => format!("Telegram answered {code}: {description}"),
        None => format!("Telegram answered {status}"),
    };
    let error = match code {
        400 | 401 | 403 | 404 => SendError::Never { reason },
        _ => {
            let after = body["parameters"]["retry_after"].as_f64().and_then(seconds_to_wait);
            SendError::Later { reason, after }
        }
    };
    Err(Refusal { error, moved_to: body["parameters"]["migrate_to_chat_id"].as_i64() })
}
