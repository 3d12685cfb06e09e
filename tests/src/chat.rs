//! A language model that is no model: it speaks OpenAI's protocol for chats and answers what the question
//! is listed with, however odd that is.

use std::collections::HashMap;
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

/// How it answers a question.
#[derive(Clone, Debug)]
pub enum Says {
    /// This text, in the form of the protocol.
    Text(String),
    /// This status and body.
    Raw(u16, String),
    /// Somewhere else is to be asked.
    Redirect(String),
    /// Nothing for this long.
    Nothing(Duration),
}

/// The model. It ends with the test.
#[derive(Clone, Debug)]
pub struct Chat {
    /// What a setting names.
    pub url: String,
    key: &'static str,
    lines: Arc<Mutex<HashMap<String, Says>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Chat {
    /// Starts one that wants this key.
    pub async fn start(key: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let chat = Self { url, key, lines: Arc::default(), asked: Arc::default() };
        let accepting = chat.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let chat = accepting.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| chat.answer(request));
                    let connection = hyper::server::conn::http1::Builder::new();
                    // Who gives up on an answer ends the connection.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        chat
    }

    /// What it says to a question from now on.
    pub fn says(&self, question: &str, says: Says) {
        self.lines.lock().expect("not poisoned").insert(question.to_owned(), says);
    }

    /// The requests that came, oldest first.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("not poisoned").clone()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let authorised =
            parts.headers.get("authorization").is_some_and(|given| *given == format!("Bearer {}", self.key));
        if parts.uri.path() != "/v1/chat/completions" || parts.method != "POST" || !authorised {
            return Ok(response(401, "not here"));
        }
        let body: Value = serde_json::from_slice(&body).map_err(std::io::Error::other)?;
        let question =
            body["messages"].as_array().and_then(|messages| messages.last()).map(|last| &last["content"]);
        let question = question.and_then(Value::as_str).unwrap_or_default().to_owned();
        self.asked.lock().expect("not poisoned").push(body);
        let says = self.lines.lock().expect("not poisoned").get(&question).cloned();
        Ok(match says {
            Some(Says::Text(text)) => {
                let message = json!({ "role": "assistant", "content": text });
                let body =
                    json!({ "object": "chat.completion", "choices": [{ "index": 0, "message": message }] });
                response(200, &body.to_string())
            }
            Some(Says::Raw(status, text)) => response(status, &text),
            Some(Says::Redirect(to)) => {
                let mut redirect = response(307, "");
                redirect.headers_mut().insert("location", to.parse().expect("an address"));
                redirect
            }
            Some(Says::Nothing(length)) => {
                tokio::time::sleep(length).await;
                response(200, "{}")
            }
            None => response(500, "no such line"),
        })
    }
}

fn response(status: u16, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_owned())));
    *response.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    response
}
