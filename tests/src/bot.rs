//! Telegram's Bot API as far as a chat needs it: hands out what people wrote and pressed, and notes what is
//! said to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How long a request for updates waits at most.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Debug, Default)]
struct Talk {
    /// What people wrote that was not handed out yet.
    written: Vec<Value>,
    given: i64,
    said: Vec<(i64, String)>,
    /// What buttons under pictures stand for.
    buttons: Vec<String>,
    pictures: usize,
}

/// The API. It ends with the test.
#[derive(Clone, Debug)]
pub struct BotApi {
    pub url: String,
    talk: Arc<Mutex<Talk>>,
}

impl BotApi {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let api = Self { url, talk: Arc::default() };
        let accepting = api.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let api = accepting.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| api.answer(request));
                    let connection = hyper::server::conn::http1::Builder::new();
                    // The program ends its connections when it ends.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        api
    }

    /// Somebody writes in a chat.
    pub fn write(&self, chat: i64, text: &str) {
        let mut talk = self.talk.lock().expect("not poisoned");
        talk.given += 1;
        let update = json!({ "update_id": talk.given, "message": {
            "message_id": talk.given, "chat": { "id": chat }, "from": { "id": 1, "first_name": "Ann" }, "text": text,
        } });
        talk.written.push(update);
    }

    /// A group becomes another one, and says so as its last word.
    pub fn moves(&self, chat: i64, to: i64) {
        let mut talk = self.talk.lock().expect("not poisoned");
        talk.given += 1;
        let update = json!({ "update_id": talk.given, "message": {
            "message_id": talk.given, "chat": { "id": chat }, "migrate_to_chat_id": to,
        } });
        talk.written.push(update);
    }

    /// Somebody presses the button that stands for this.
    pub fn press(&self, chat: i64, button: &str) {
        let mut talk = self.talk.lock().expect("not poisoned");
        talk.given += 1;
        let message = json!({ "message_id": 1, "chat": { "id": chat } });
        let update = json!({ "update_id": talk.given, "callback_query": {
            "id": talk.given.to_string(), "from": { "id": 1, "first_name": "Ann" }, "message": message, "data": button,
        } });
        talk.written.push(update);
    }

    /// What the buttons under pictures stand for, and how many pictures there were.
    pub fn buttons(&self) -> (Vec<String>, usize) {
        let talk = self.talk.lock().expect("not poisoned");
        (talk.buttons.clone(), talk.pictures)
    }

    /// What was said in a chat, once there is something; at most ten seconds are waited.
    pub async fn said(&self, chat: i64) -> String {
        for _ in 0..100 {
            let said = {
                let mut talk = self.talk.lock().expect("not poisoned");
                let place = talk.said.iter().position(|(to, _)| *to == chat);
                place.map(|place| talk.said.remove(place).1)
            };
            match said {
                Some(text) => return text,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        panic!("nothing was said in {chat}");
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        if parts.uri.path().ends_with("/sendPhoto") {
            self.look_at(&body);
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let result = match parts.uri.path().rsplit('/').next() {
            Some("getUpdates") => self.updates(body["offset"].as_i64().unwrap_or_default()).await,
            Some("sendMessage") => {
                let text = body["text"].as_str().unwrap_or_default().to_owned();
                let chat = body["chat_id"].as_i64().unwrap_or_default();
                self.talk.lock().expect("not poisoned").said.push((chat, text));
                json!({ "message_id": 1 })
            }
            _ => json!(true),
        };
        Ok(Response::new(Full::new(Bytes::from(json!({ "ok": true, "result": result }).to_string()))))
    }

    /// Notes a picture and what stands under it.
    fn look_at(&self, form: &[u8]) {
        let text = String::from_utf8_lossy(form);
        let mut talk = self.talk.lock().expect("not poisoned");
        talk.pictures += usize::from(text.contains("\u{fffd}PNG"));
        let mark = "\"callback_data\":\"";
        let buttons = text.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
        talk.buttons.extend(buttons.map(str::to_owned));
    }

    async fn updates(&self, offset: i64) -> Value {
        let due = |talk: &mut Talk| {
            talk.written.retain(|update| update["update_id"].as_i64().unwrap_or_default() >= offset);
            talk.written.clone()
        };
        let found = due(&mut self.talk.lock().expect("not poisoned"));
        if !found.is_empty() {
            return Value::Array(found);
        }
        tokio::time::sleep(PATIENCE).await;
        Value::Array(due(&mut self.talk.lock().expect("not poisoned")))
    }
}
