//! Runs a job on a connection.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::ffi::Connection;
use super::format::{Delivery, head_length};
use super::request::{Job, Statement};

/// What comes in for an insert. A channel that closes without [`Input::End`] was broken off.
#[derive(Debug)]
pub(super) enum Input {
    Piece(Bytes),
    End,
}

const BROKEN_OFF: &str = "Code: 210. DB::Exception: the client broke off. (NETWORK_ERROR)";

type Output = mpsc::Sender<Result<Bytes, String>>;

/// Runs a job. The pieces of the answer go to `output` as they come; the error is the caller's to send.
pub(super) fn execute(
    connection: &mut Connection,
    job: &Job,
    input: mpsc::Receiver<Input>,
    output: &Output,
) -> Result<(), String> {
    if output.is_closed() {
        // The client went away while this waited for its turn.
        return Ok(());
    }
    if !job.settings.is_empty() {
        // All or none: a setting that is refused leaves the others as they were.
        connection.query(&job.set(), "TabSeparated", &[])?;
    }
    match &job.statement {
        Statement::Insert { sql, format } => insert(connection, sql, format, job, input),
        Statement::Read { sql, delivery: Delivery::Pieces } => read(connection, sql, job, output),
        Statement::Read { sql, delivery: Delivery::HeadedPieces } => {
            read_headed(connection, sql, job, output)
        }
        Statement::Read { sql, delivery: Delivery::Whole } | Statement::Other { sql } => {
            connection.query(sql, &job.format, &job.params).and_then(|answer| send(output, answer.bytes()))
        }
    }?;
    if !job.settings.is_empty() {
        connection.query(&job.unset(), "TabSeparated", &[])?;
    }
    Ok(())
}

fn insert(
    connection: &mut Connection,
    sql: &str,
    format: &str,
    job: &Job,
    mut input: mpsc::Receiver<Input>,
) -> Result<(), String> {
    let mut insert = connection.insert(sql, format, &job.params)?;
    loop {
        match input.blocking_recv() {
            Some(Input::Piece(piece)) => insert.append(&piece)?,
            Some(Input::End) => return insert.finish(),
            None => return Err(BROKEN_OFF.to_owned()),
        }
    }
}

fn read(connection: &mut Connection, sql: &str, job: &Job, output: &Output) -> Result<(), String> {
    let mut stream = connection.stream(sql, &job.format, &job.params)?;
    while let Some(piece) = stream.next()? {
        send(output, piece.bytes())?;
    }
    Ok(())
}

/// As [`read`], without the names and types that begin every piece but the first.
fn read_headed(connection: &mut Connection, sql: &str, job: &Job, output: &Output) -> Result<(), String> {
    let mut stream = connection.stream(sql, &job.format, &job.params)?;
    let mut head = 0;
    while let Some(piece) = stream.next()? {
        let rows = piece.bytes().get(head..).ok_or("the engine gave a piece without its head")?;
        send(output, rows)?;
        if head == 0 {
            head = head_length(piece.bytes()).ok_or("the engine gave a piece without its head")?;
        }
    }
    Ok(())
}

/// Fails when the client went away. A stream that is dropped for that ends its query.
fn send(output: &Output, bytes: &[u8]) -> Result<(), String> {
    match bytes {
        [] => Ok(()),
        bytes => output.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| BROKEN_OFF.to_owned()),
    }
}
