//! What a request over ClickHouse's HTTP interface asks for.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use hyper::body::Frame;

use super::format::{Delivery, delivery};
use super::multipart;

/// A statement with everything that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub statement: Statement,
    /// The answer's format where the statement does not say.
    pub format: String,
    pub params: Vec<(String, String)>,
    pub settings: Vec<(String, String)>,
}

/// How a statement is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Answers with rows.
    Read { sql: String, delivery: Delivery },
    /// Takes data in a format.
    Insert { sql: String, format: String },
    /// Neither.
    Other { sql: String },
}

impl Statement {
    /// The text to run.
    pub(super) fn sql_mut(&mut self) -> &mut String {
        match self {
            Statement::Read { sql, .. } | Statement::Insert { sql, .. } | Statement::Other { sql } => sql,
        }
    }
}

/// URL parameters that are not settings.
const IGNORED: &[&str] =
    &["user", "password", "wait_end_of_query", "send_progress_in_http_headers", "query_id"];
const REFUSED: &[&str] = &["compress", "decompress", "session_id"];

/// Reads a request: the statement from the URL, else from the body, where it is the whole body or,
/// by its content type, a field beside parameters.
pub(super) async fn parse<S, E>(
    url_query: &str,
    content_type: &str,
    body: &mut S,
    limit: usize,
) -> Result<Job, String>
where
    S: Stream<Item = Result<Frame<Bytes>, E>> + Unpin,
{
    let mut sql = None;
    let mut job = Job {
        statement: Statement::Other { sql: String::new() },
        format: "TabSeparated".to_owned(),
        params: Vec::new(),
        settings: Vec::new(),
    };
    for (name, value) in url::form_urlencoded::parse(url_query.as_bytes()) {
        job.take(&name, &value, &mut sql)?;
    }
    if let Some(boundary) = multipart::boundary(content_type) {
        let text = read_text(body, limit).await?;
        let fields = multipart::fields(&text, boundary);
        for (name, value) in fields.ok_or("Code: 27. DB::Exception: the form is cut off")? {
            job.take(name, value, &mut sql)?;
        }
    }
    let sql = match sql.filter(|sql| !sql.trim().is_empty()) {
        Some(sql) => sql,
        None => read_text(body, limit).await?,
    };
    job.statement = classify(sql, &job.format);
    Ok(job)
}

impl Job {
    /// Takes up one URL parameter or form field.
    fn take(&mut self, name: &str, value: &str, sql: &mut Option<String>) -> Result<(), String> {
        match name {
            "query" => *sql = Some(value.to_owned()),
            "default_format" => self.format = value.to_owned(),
            "database" => check_database(value)?,
            name if IGNORED.contains(&name) => {}
            name if REFUSED.contains(&name) && value != "0" => {
                return Err(format!(
                    "Code: 48. DB::Exception: {name} is not supported by the embedded engine"
                ));
            }
            name if REFUSED.contains(&name) => {}
            name => match name.strip_prefix("param_") {
                Some(name) => self.params.push((name.to_owned(), value.to_owned())),
                None => self.settings.push((checked(name)?, value.to_owned())),
            },
        }
        Ok(())
    }

    /// Puts this job's settings on its connection.
    pub(super) fn set(&self) -> String {
        let pairs = self.settings.iter().map(|(name, value)| format!("{name} = '{}'", escaped(value)));
        format!("SET {}", pairs.collect::<Vec<_>>().join(", "))
    }

    /// Takes them off again.
    pub(super) fn unset(&self) -> String {
        let pairs = self.settings.iter().map(|(name, _)| format!("{name} = DEFAULT"));
        format!("SET {}", pairs.collect::<Vec<_>>().join(", "))
    }
}

fn classify(sql: String, format: &str) -> Statement {
    let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    match word.to_ascii_uppercase().as_str() {
        // The engine streams nothing else; other answers are short.
        "SELECT" | "WITH" => Statement::Read { delivery: delivery(&sql, format), sql },
        "INSERT" => match data_format(&sql) {
            Some((statement, format)) => Statement::Insert { sql: statement, format },
            None => Statement::Other { sql },
        },
        _ => Statement::Other { sql },
    }
}

/// Splits `INSERT … FORMAT name` into the statement and the name; `None` for `INSERT … SELECT` and
/// `VALUES`.
fn data_format(sql: &str) -> Option<(String, String)> {
    let trimmed = sql.trim().trim_end_matches(';').trim_end();
    let (rest, format) = trimmed.rsplit_once(char::is_whitespace)?;
    let rest = rest.trim_end();
    let keyword = rest.len().checked_sub("FORMAT".len())?;
    let is_format = rest.get(keyword..)?.eq_ignore_ascii_case("FORMAT");
    let is_name = format.chars().all(|c| c.is_ascii_alphanumeric());
    (is_format && is_name).then(|| (rest[..keyword].trim_end().to_owned(), format.to_owned()))
}

fn check_database(name: &str) -> Result<(), String> {
    match name {
        "" | "default" => Ok(()),
        other => Err(format!("Code: 81. DB::Exception: the embedded engine has one database, not `{other}`")),
    }
}

fn checked(name: &str) -> Result<String, String> {
    let fine = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fine { Ok(name.to_owned()) } else { Err(format!("Code: 115. DB::Exception: `{name}` is no setting")) }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "\\'")
}

async fn read_text<S, E>(body: &mut S, limit: usize) -> Result<String, String>
where
    S: Stream<Item = Result<Frame<Bytes>, E>> + Unpin,
{
    let mut text = Vec::new();
    while let Some(frame) = body.next().await {
        let frame = frame.map_err(|_| "Code: 210. DB::Exception: the client broke off".to_owned())?;
        text.extend_from_slice(&frame.into_data().unwrap_or_default());
        if text.len() > limit {
            return Err(format!("Code: 62. DB::Exception: a statement may have {limit} bytes"));
        }
    }
    String::from_utf8(text).map_err(|_| "Code: 62. DB::Exception: a statement must be UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let insert = classify("INSERT INTO `t`(a,b) FORMAT RowBinaryWithNamesAndTypes".to_owned(), "TSV");
        let format = "RowBinaryWithNamesAndTypes".to_owned();
        assert_eq!(insert, Statement::Insert { sql: "INSERT INTO `t`(a,b)".to_owned(), format });
        assert!(matches!(classify("insert into t select 1".to_owned(), "TSV"), Statement::Other { .. }));
        assert!(matches!(classify("INSERT INTO t VALUES (1)".to_owned(), "TSV"), Statement::Other { .. }));
        assert!(matches!(classify(" \n select 1".to_owned(), "TSV"), Statement::Read { .. }));
        assert!(matches!(classify("SHOW TABLES".to_owned(), "TSV"), Statement::Other { .. }));
        assert!(matches!(classify("CREATE TABLE t".to_owned(), "TSV"), Statement::Other { .. }));
    }

    #[test]
    fn a_setting_cannot_become_a_statement() {
        assert!(checked("max_threads").is_ok());
        assert!(checked("max_threads=1; DROP TABLE t").is_err());
        let job = Job {
            statement: Statement::Other { sql: String::new() },
            format: String::new(),
            params: vec![],
            settings: vec![("a".to_owned(), "x'; DROP".to_owned())],
        };
        assert_eq!(job.set(), "SET a = 'x\\'; DROP'");
    }
}
