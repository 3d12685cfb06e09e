//! What can go wrong between the command line and a server.

use std::fmt;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

/// The most of an answer that nobody understands that is shown.
const EXCERPT: usize = 200;

/// Why a request brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("cannot use the address `{given}`: {reason}")]
    BadUrl { given: String, reason: &'static str },
    #[error("cannot set up HTTP")]
    Setup {
        #[source]
        source: reqwest::Error,
    },
    #[error("cannot reach the server at {url}")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    /// The server understood and said no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("the answer of {path} is not what was expected")]
    Unexpected {
        path: String,
        #[source]
        source: serde_json::Error,
    },
}

/// The server's own words.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: String,
    pub message: String,
    pub field: Option<String>,
    pub hint: Option<String>,
    /// How long the server asks to be left alone.
    pub retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Body,
}

#[derive(Deserialize)]
struct Body {
    code: String,
    message: String,
    field: Option<String>,
    hint: Option<String>,
}

impl ClientError {
    /// A stable name: the server's where it gave one.
    pub fn code(&self) -> &str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Setup { .. } => "http_setup",
            Self::Unreachable { .. } => "unreachable",
            Self::Refused(refusal) => &refusal.code,
            Self::Unexpected { .. } => "unexpected_answer",
        }
    }

    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether the same request may succeed later, and how long to wait at least.
    pub(super) fn transient(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { source, .. } if !source.is_builder() => Some(Duration::ZERO),
            Self::Refused(refusal) => match refusal.status {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    Some(refusal.retry_after.unwrap_or_default())
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) async fn refused(answer: Response) -> Self {
        let status = answer.status();
        let retry_after =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let text = answer.bytes().await.unwrap_or_default();
        let body = match serde_json::from_slice::<Envelope>(&text) {
            Ok(envelope) => envelope.error,
            Err(_) => Body {
                code: format!("http_{}", status.as_u16()),
                message: excerpt(&text),
                field: None,
                hint: None,
            },
        };
        let Body { code, message, field, hint } = body;
        let retry_after = retry_after.map(Duration::from_secs);
        Self::Refused(Box::new(Refusal { status, code, message, field, hint, retry_after }))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}, HTTP {}]", self.message, self.code, self.status.as_u16())?;
        if let Some(field) = &self.field {
            write!(f, " in `{field}`")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(EXCERPT)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "the answer is empty".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(
        status: u16,
        retry_after: Option<&str>,
        body: &'static str,
    ) -> warp::http::Response<&'static str> {
        let mut builder = warp::http::Response::builder().status(status);
        if let Some(wait) = retry_after {
            builder = builder.header("retry-after", wait);
        }
        builder.body(body).expect("a response")
    }

    #[tokio::test]
    async fn the_servers_words_are_shown() {
        let body = r#"{"error":{"code":"unknown_site","message":"no site `a`","field":"site_id","hint":"create it"}}"#;
        let error = ClientError::refused(refusal(404, None, body).into()).await;
        assert_eq!(error.code(), "unknown_site");
        assert_eq!(error.to_string(), "no site `a` [unknown_site, HTTP 404] in `site_id`; create it");
        assert_eq!(error.transient(), None);
    }

    #[tokio::test]
    async fn busy_servers_say_when_to_come_back() {
        let error = ClientError::refused(refusal(503, Some("7"), "<html>\n  sorry</html>").into()).await;
        assert_eq!(error.transient(), Some(Duration::from_secs(7)));
        assert_eq!(error.to_string(), "<html> sorry</html> [http_503, HTTP 503]");
        let error = ClientError::refused(refusal(429, Some("soon"), "").into()).await;
        assert_eq!(error.transient(), Some(Duration::ZERO));
    }
}
