//! E-mail, as HTML and as text, by the server that the configuration names.

use std::sync::Arc;

use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde_json::Value;

use super::kind::{Kind, Outside, Settings, fields_of};
use super::words::{cut, headline, html, line, words};
use super::{Channel, Message, Pace, SendError};
use crate::rule::RuleError;

pub(super) const KIND: Kind = Kind { name: "email", read, open };

const MOST_RECIPIENTS: usize = 50;
/// What fits into a subject that every program shows.
const SUBJECT: usize = 150;

struct Email {
    to: Vec<Mailbox>,
    from: Mailbox,
    server: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email").field("recipients", &self.to.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Channel for Email {
    fn pace(&self) -> Pace {
        Pace { burst: 5, per_second: 1.0 }
    }

    fn bundles(&self) -> bool {
        true
    }

    async fn send(&self, messages: &[Message]) -> Result<(), SendError> {
        let Some(first) = messages.first() else { return Ok(()) };
        let (subject, text, html) = parts(messages);
        let mut email = lettre::Message::builder()
            .from(self.from.clone())
            .subject(cut(&subject, SUBJECT))
            // The same however often it is sent.
            .message_id(Some(format!("<{}@opentrace>", first.id)));
        for recipient in &self.to {
            email = email.to(recipient.clone());
        }
        let email =
            email.multipart(MultiPart::alternative_plain_html(text, html)).map_err(SendError::never)?;
        self.server.send(email).await.map(drop).map_err(|error| refusal(&error))
    }
}

/// Codes from 500 say that trying again cannot help; everything else may pass.
fn refusal(error: &SmtpError) -> SendError {
    if error.is_permanent() { SendError::never(error) } else { SendError::later(error) }
}

fn parts(messages: &[Message]) -> (String, String, String) {
    let [message] = messages else {
        let subject = headline(messages);
        let lines: Vec<String> = messages.iter().map(line).collect();
        let text = format!("{subject}\n\n{}\n", lines.join("\n"));
        let items: Vec<String> = lines.iter().map(|line| format!("<li>{}</li>", html(line))).collect();
        let page = format!("<p><b>{}</b></p><ul>{}</ul>", html(&subject), items.join(""));
        return (subject, text, page);
    };
    let words = words(message);
    let facts: Vec<String> = words.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let text = format!("{}\n\n{}\n\n{}\n", words.title, facts.join("\n"), words.url);
    let rows: Vec<String> = words
        .facts
        .iter()
        .map(|(name, value)| format!("<tr><td>{name}</td><td>{}</td></tr>", html(value)))
        .collect();
    let page = format!(
        "<p><b>{}</b></p><table cellpadding=\"4\">{}</table><p><a href=\"{}\">Open the graph</a></p>",
        html(&words.title),
        rows.join(""),
        html(&words.url),
    );
    (words.title, text, page)
}

/// `{"to": ["ann@example.com"]}`, or one address as text.
fn read(body: &Value) -> Result<Settings, RuleError> {
    let mut fields = fields_of(body)?;
    let to: Vec<&str> = match fields.get("to") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(_)) => {
            fields.list("to")?.iter().map(|to| to.as_str().unwrap_or_default()).collect()
        }
        _ => Vec::new(),
    };
    fields.finish()?;
    if to.is_empty() || to.len() > MOST_RECIPIENTS {
        return Err(RuleError::new("to", format!("must be 1 to {MOST_RECIPIENTS} addresses"))
            .hint(r#"["ann@example.com"]"#));
    }
    for address in &to {
        mailbox("to", address)?;
    }
    let mut settings = Settings::default();
    settings.config.insert("to".to_owned(), Value::from(to));
    Ok(settings)
}

fn open(settings: &Settings, outside: &Outside) -> Result<Arc<dyn Channel>, RuleError> {
    let Some(server) = &outside.smtp else {
        return Err(RuleError::new("type", "e-mail is not set up on this server")
            .hint("OPENTRACE_ALERTS_SMTP_URL=smtps://user:password@mail.example.com"));
    };
    // The server is the operator's own choice, so it may be in a private network. Its URL is not shown.
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(server.reveal())
        .map_err(|_| RuleError::new("type", "the address of the mail server cannot be read"))?
        .build();
    let to = settings.config.get("to").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let to = to.iter().map(|to| mailbox("to", to.as_str().unwrap_or_default())).collect::<Result<_, _>>()?;
    Ok(Arc::new(Email { to, from: mailbox("from", &outside.mail_from)?, server }))
}

fn mailbox(field: &str, address: &str) -> Result<Mailbox, RuleError> {
    address.parse().map_err(|_| RuleError::new(field, format!("`{address}` is not an e-mail address")))
}
