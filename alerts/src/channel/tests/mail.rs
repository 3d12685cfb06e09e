//! E-mail against a real implementation of SMTP's server side.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{notice, outside};
use crate::channel::{Kind, Message, Outside, SendError};
use crate::guard::Secret;

/// What a server was given: sender, recipients, and the message.
#[derive(Clone, Debug, Default)]
struct Letter {
    from: String,
    to: Vec<String>,
    text: String,
}

#[derive(Clone, Default)]
struct Post {
    letter: Letter,
    taken: Arc<Mutex<Vec<Letter>>>,
}

impl Handler for Post {
    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        match (user, password) {
            ("ann", "right") => response::AUTH_OK,
            ("ann", "later") => response::TEMP_AUTH_FAILURE,
            _ => response::INVALID_CREDENTIALS,
        }
    }

    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.letter = Letter { from: from.to_owned(), ..Letter::default() };
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        match to {
            "nobody@example.com" => response::NO_MAILBOX,
            "full@example.com" => response::OUT_OF_SPACE,
            _ => {
                self.letter.to.push(to.to_owned());
                response::OK
            }
        }
    }

    fn data(&mut self, piece: &[u8]) -> io::Result<()> {
        self.letter.text.push_str(&String::from_utf8_lossy(piece));
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.taken.lock().unwrap().push(self.letter.clone());
        response::OK
    }
}

async fn talk(stream: TcpStream, post: Post, closed: bool) -> io::Result<()> {
    let mut builder = SessionBuilder::new("mail.example.com");
    if closed {
        builder.enable_auth(AuthMechanism::Plain).insecure_enable_plaintext_auth();
    }
    let mut session = builder.build([127, 0, 0, 1].into(), post);
    let mut stream = BufReader::new(stream);
    stream.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await? > 0 {
        let answer = session.process(&line);
        line.clear();
        if !matches!(answer.action, Action::NoReply) {
            stream.write_all(&answer.buffer()?).await?;
        }
        if matches!(answer.action, Action::Close) {
            break;
        }
    }
    Ok(())
}

async fn office() -> (Outside, Arc<Mutex<Vec<Letter>>>) {
    let (address, taken) = open(false).await;
    (by(&format!("smtp://{address}")), taken)
}

fn by(url: &str) -> Outside {
    Outside { smtp: Some(Secret::new(url)), ..outside() }
}

/// Opens an office, where it is closed to who has no password; its address and what it took.
async fn open(closed: bool) -> (SocketAddr, Arc<Mutex<Vec<Letter>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let post = Post::default();
    let taken = Arc::clone(&post.taken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, post.clone(), closed));
        }
    });
    (address, taken)
}

fn message() -> Message {
    let mut notice = notice();
    // A name must not become a header.
    notice.data.name = "Zu viel <b>\r\nBcc: all@example.com".to_owned();
    Message {
        id: "msg_7".to_owned(),
        opening: None,
        notice,
        about: "pageviews in 5m".to_owned(),
        graph: None,
    }
}

#[tokio::test]
async fn an_alert_is_mailed_as_text_and_as_html_that_is_escaped() {
    let (outside, taken) = office().await;
    let kind = Kind::named("email").unwrap();
    let to = json!({ "to": ["ann@example.com", "Bob <bob@example.com>"] });
    let settings = (kind.read)(&to).unwrap();
    let channel = (kind.open)(&settings, &outside).unwrap();
    channel.send(&[message()]).await.unwrap();
    channel.send(&[message(), message()]).await.unwrap();
    let letters = taken.lock().unwrap().clone();
    let Letter { from, to, text } = &letters[0];
    assert_eq!((from.as_str(), to.len()), ("alerts@example.com", 2));
    let head = text.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert!(
        head.contains("Message-ID: <msg_7@opentrace>") && head.contains("multipart/alternative"),
        "{head}"
    );
    assert!(
        text.contains("text/plain") && text.contains("text/html") && text.contains("&lt;b&gt;"),
        "{text}"
    );
    assert!(letters[1].text.contains("2 alerts"), "several in one");
}

#[tokio::test]
async fn a_mailbox_that_is_gone_is_not_tried_again_and_a_full_one_is() {
    let (outside, taken) = office().await;
    let kind = Kind::named("email").unwrap();
    let sent = async |to: &str| {
        let channel = (kind.open)(&(kind.read)(&json!({ "to": to })).unwrap(), &outside).unwrap();
        channel.send(&[message()]).await
    };
    assert!(matches!(sent("nobody@example.com").await, Err(SendError::Never { .. })));
    assert!(matches!(sent("full@example.com").await, Err(SendError::Later { .. })));
    assert!(taken.lock().unwrap().is_empty());
    let away = by("smtp://127.0.0.1:1");
    let channel = (kind.open)(&(kind.read)(&json!({ "to": "ann@example.com" })).unwrap(), &away).unwrap();
    assert!(matches!(channel.send(&[message()]).await, Err(SendError::Later { .. })));
}

#[tokio::test]
async fn a_password_is_used_and_one_that_was_revoked_is_not_tried_again_nor_told() {
    let (address, taken) = open(true).await;
    let kind = Kind::named("email").unwrap();
    let sent = async |login: &str| {
        let outside = by(&format!("smtp://{login}{address}"));
        let channel =
            (kind.open)(&(kind.read)(&json!({ "to": "ann@example.com" })).unwrap(), &outside).unwrap();
        channel.send(&[message()]).await
    };
    sent("ann:right@").await.unwrap();
    let error = sent("ann:revoked@").await.unwrap_err();
    assert!(matches!(error, SendError::Never { .. }) && !error.to_string().contains("revoked"), "{error}");
    assert!(matches!(sent("ann:later@").await, Err(SendError::Later { .. })));
    assert!(matches!(sent("").await, Err(SendError::Never { .. })));
    assert_eq!(taken.lock().unwrap().len(), 1);
}
