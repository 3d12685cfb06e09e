//! Questions, reports, and what is sent piece by piece.

use opentrace_query::{Format, export};
use serde_json::{Value, json};

use super::operation::{Operation, Paths, parameter, site, text};

const QUESTIONS: &str = "Questions";
const STREAMS: &str = "Streams";

pub(super) fn describe(paths: &mut Paths) {
    for (path, title, body, answer) in [
        ("/api/v2/query", "Ask a question", "Query", "Answer"),
        ("/api/v1/retention", "Who comes back", "Retention", "RetentionAnswer"),
        ("/api/v1/funnel", "How far people get", "Funnel", "FunnelAnswer"),
        ("/api/v1/journeys", "Which way visits go", "Journeys", "JourneysAnswer"),
        ("/api/v1/ask", "Ask in words", "InWords", "InWordsAnswer"),
    ] {
        let name = path.rsplit('/').next().unwrap_or(path);
        Operation::new(QUESTIONS, name, title)
            .takes(body)
            .answers("200", answer)
            .fails(&["400", "422", "429"])
            .at(paths, path, "post");
    }
    Operation::new(QUESTIONS, "properties", "The keys of properties")
        .with(site())
        .answers("200", "Properties")
        .fails(&["400", "422", "429"])
        .at(paths, "/api/v1/properties", "get");
    Operation::new(QUESTIONS, "people", "Who is known by an id, or with `user_id` what one of them did")
        .says("Where the site is in identified mode.")
        .with(site())
        .with(parameter("search", false, "A part of the id", text()))
        .with(parameter("user_id", false, "Whose events are wanted", text()))
        .answers("200", "People")
        .fails(&["400", "409", "422"])
        .at(paths, "/api/v1/people", "get");
    Operation::new(STREAMS, "live", "A site's figures, pushed as they change")
        .says("Server-sent events, each with figures in JSON.")
        .with(site())
        .answers_as("200", "text/event-stream", text())
        .fails(&["400", "429"])
        .at(paths, "/api/v1/live", "get");
    export_of_events(paths);
}

fn export_of_events(paths: &mut Paths) {
    let names: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
    let word = |name: &str, what: &str| parameter(name, false, what, text());
    let limit = json!({"type": "integer", "minimum": 1, "maximum": export::STREAMED_ROWS});
    let mut operation = Operation::new(STREAMS, "export", "Events as they are stored")
        .says(format!(
            "At most {} rows of CSV or NDJSON and {} of Parquet or Arrow. `X-Truncated` says whether there are \
             more, and `X-Next-Cursor` where they begin.",
            export::STREAMED_ROWS,
            export::WHOLE_ROWS
        ))
        .with(site())
        .with(parameter("format", false, "How rows are written", json!({"enum": names, "default": "ndjson"})))
        .with(word("from", "First day or second, with `to`"))
        .with(word("to", "Last day or second, with `from`"))
        .with(word("date_range", "A range by its word, as `7d`"))
        .with(word("filters", "Filters as in questions, in JSON"))
        .with(parameter("limit", false, "Rows", limit))
        .with(word("cursor", "What `X-Next-Cursor` said"));
    for (_, format) in Format::ALL {
        let media_type = format.media_type().split(';').next().unwrap_or_default();
        let binary: Value = json!({"type": "string", "format": "binary"});
        operation = operation.answers_as("200", media_type, binary);
    }
    operation.fails(&["400", "422", "429"]).at(paths, "/api/v1/export", "get");
}
