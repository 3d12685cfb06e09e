#![allow(clippy::unwrap_used)]

mod mail;
mod server;
mod services;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;
use crate::guard::{ANSWER, Allow, Secret, client};
use crate::rule::RuleId;

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs=";

fn notice() -> Notice {
    Notice {
        event: Event::Firing,
        timestamp: jiff::Timestamp::UNIX_EPOCH,
        data: NoticeData {
            alert_id: RuleId(Uuid::nil()),
            name: "Zu viel \u{1f4c8} <b>".to_owned(),
            site_id: "example.com".to_owned(),
            value: 120.5,
            condition: serde_json::json!({"type": "above", "value": 100.0}),
            band: None,
            group: Some("DE".to_owned()),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            reason: None,
            url: "https://stats.example.com/example.com".to_owned(),
        },
    }
}

/// The world, with private targets allowed and no services but those of the test.
fn outside() -> Outside {
    Outside {
        client: client(Allow::Private, ANSWER).unwrap(),
        allow: Allow::Private,
        trusted: client(Allow::Private, ANSWER).unwrap(),
        telegram: "http://127.0.0.1:1".parse().unwrap(),
        smtp: None,
        mail_from: "OpenTrace <alerts@example.com>".to_owned(),
    }
}

type Received = (hyper::HeaderMap, Bytes);

/// A receiver that answers with each head in turn, the last one for ever.
async fn receiver(heads: Vec<&'static str>) -> (String, mpsc::UnboundedReceiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=hidden", listener.local_addr().unwrap());
    let (tell, told) = mpsc::unbounded_channel();
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tell, heads, count) = (tell.clone(), heads.clone(), Arc::clone(&count));
            let service = service_fn(move |request: Request<Incoming>| {
                let at = count.fetch_add(1, Ordering::SeqCst).min(heads.len() - 1);
                let (head, tell) = (heads[at], tell.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    tell.send((parts.headers, body)).unwrap();
                    let mut words = head.split(' ');
                    let status: u16 = words.next().unwrap().parse().unwrap();
                    let mut response = Response::builder().status(status);
                    if let Some(wait) = words.next() {
                        response = response.header("retry-after", wait);
                    }
                    Ok::<_, hyper::Error>(response.body(Full::new(Bytes::new())).unwrap())
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (url, told)
}

fn webhook(url: &str, keys: Keys, allow: Allow) -> Webhook {
    Webhook::new(url.parse().unwrap(), keys, client(allow, ANSWER).unwrap(), allow)
}

#[tokio::test]
async fn another_implementation_verifies_what_is_sent_with_the_old_and_the_new_secret() {
    let (url, mut told) = receiver(vec!["204"]).await;
    let keys = Keys::new(Secret::new(OLD)).unwrap().rotate(Secret::new(NEW)).unwrap();
    webhook(&url, keys.clone(), Allow::Private).send_one("msg_1", &notice()).await.unwrap();
    let (headers, body) = told.recv().await.unwrap();
    assert_eq!(headers["webhook-id"], "msg_1");
    for secret in [OLD, NEW] {
        let verifier = standardwebhooks::Webhook::new(secret).unwrap();
        verifier.verify(&body, &headers).unwrap();
        assert!(verifier.verify(b"{}", &headers).is_err(), "another body must not pass");
    }
    let json: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["type"], "alert.firing");
    assert_eq!(json["data"]["group"], "DE");
    assert_eq!(serde_json::from_slice::<Notice>(&body).unwrap(), notice());

    webhook(&url, keys.settle(), Allow::Private).send_one("msg_2", &notice()).await.unwrap();
    let (headers, body) = told.recv().await.unwrap();
    assert!(
        standardwebhooks::Webhook::new(OLD).unwrap().verify(&body, &headers).is_err(),
        "the old one is over"
    );
    standardwebhooks::Webhook::new(NEW).unwrap().verify(&body, &headers).unwrap();
}

#[tokio::test]
async fn answers_say_whether_to_try_again_and_when() {
    let (url, _told) = receiver(vec!["429 7", "503 999999999", "500", "401", "410", "400"]).await;
    let webhook = webhook(&url, Keys::random(), Allow::Private);
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(webhook.send_one("msg", &notice()).await.unwrap_err());
    }
    let after = |at: usize| match &answers[at] {
        SendError::Later { after, .. } => *after,
        SendError::Never { reason } => panic!("must be tried again: {reason}"),
    };
    assert_eq!(after(0), Some(Duration::from_secs(7)));
    assert_eq!(after(1), Some(Duration::from_secs(86_400)), "no receiver may hold a message back for ever");
    assert_eq!((after(2), after(3)), (None, None));
    assert!(answers[4..].iter().all(|answer| matches!(answer, SendError::Never { .. })), "{answers:?}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_private_network_and_no_error_tells_the_url() {
    let (url, mut told) = receiver(vec!["204"]).await;
    let refused =
        webhook(&url, Keys::random(), Allow::PublicOnly).send_one("msg", &notice()).await.unwrap_err();
    assert!(matches!(refused, SendError::Never { .. }));
    assert!(told.try_recv().is_err(), "it was not called");
    let nobody = webhook("http://127.0.0.1:1/hook?key=hidden", Keys::random(), Allow::Private);
    let error = nobody.send_one("msg", &notice()).await.unwrap_err();
    assert!(!error.to_string().contains("hidden"), "{error}");
}

#[tokio::test]
async fn a_name_without_an_address_is_tried_again_and_a_private_one_is_not() {
    let away = webhook("http://nobody.invalid/hook", Keys::random(), Allow::Private);
    let error = away.send_one("msg", &notice()).await.unwrap_err();
    assert!(matches!(error, SendError::Later { .. }), "the network may be back later: {error}");
    assert!(error.to_string().contains("nobody.invalid"), "{error}");
    let private = webhook("http://localhost:1/hook", Keys::random(), Allow::PublicOnly);
    let error = private.send_one("msg", &notice()).await.unwrap_err();
    assert!(matches!(error, SendError::Never { .. }), "{error}");
}

#[test]
fn a_secret_that_is_none_is_refused() {
    for secret in ["", "whsec_", "whsec_c2hvcnQ=", "whsec_?", &OLD["whsec_".len()..]] {
        assert_eq!(Keys::new(Secret::new(secret)).unwrap_err(), SignatureError);
    }
}
