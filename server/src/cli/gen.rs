//! `opentrace gen`: writes generated events, the same for the same seed.

pub(super) mod traffic;
mod world;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use self::traffic::{Event, HOUR_MS, Traffic};
use super::{CliError, Globals};

/// 2026-01-01: where generated time begins, so that a seed gives the same file on any day.
const BEGIN_MS: i64 = 1_767_225_600_000;
/// Visits on a day, about three events each.
const VISITS_PER_DAY: f64 = 100_000.0;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many
    #[arg(long, value_name = "N")]
    events: usize,
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where to; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[arg(long, value_name = "DOMAIN", default_value = "demo.example")]
    site: String,
}

/// Writes one JSON object per line, in the order of time.
pub async fn run(args: Args, _: &Globals) -> Result<(), CliError> {
    let written = if args.output == Path::new("-") {
        write(&args, io::stdout().lock())
    } else {
        File::create(&args.output).and_then(|file| write(&args, file))
    };
    written.map_err(|source| CliError::because(format!("cannot write {}", args.output.display()), source))
}

fn write(args: &Args, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 20, to);
    for event in endless(args.seed, &args.site).take(args.events) {
        serde_json::to_writer(&mut to, &event)?;
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// The events of a seed, without end.
pub(super) fn endless(seed: u64, site: &str) -> impl Iterator<Item = Event> {
    Traffic::new(seed, site, VISITS_PER_DAY).since(BEGIN_MS / HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(events: usize, seed: u64) -> String {
        let args = Args { events, seed, output: "-".into(), site: "a.example".to_owned() };
        let mut text = Vec::new();
        write(&args, &mut text).expect("written");
        String::from_utf8(text).expect("UTF-8")
    }

    #[test]
    fn a_seed_is_a_file() {
        let first = file(3_000, 5);
        assert_eq!(first, file(3_000, 5));
        assert_ne!(first, file(3_000, 6));
        assert_eq!(first.lines().count(), 3_000);
    }

    #[test]
    fn every_line_is_an_event_that_servers_take() {
        for line in file(500, 1).lines() {
            let event = opentrace_events::NativeEvent::parse(line).expect("an event");
            assert!(event.id.is_some() && event.url.is_some() && event.ip.is_some());
        }
    }
}
